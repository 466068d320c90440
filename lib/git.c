#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "kernel.h"
#include "memory.h"

#define ARGUMENTS 32
#define OUTPUT_LIMIT (64 * 1024 * 1024)

extern char **environ;

static int
read_all(int fd, struct bytes *out, struct error *e)
{
	ssize_t n;

	do {
		n = kernel.read(fd, bytes_reserve(out, 16384), 16384);
		if (n > 0)
			out->len += (size_t)n;
		if (out->len > OUTPUT_LIMIT)
			return error_set(e, ERROR_LIMIT, "git: it says more than 64 MiB");
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? error_sys(e, "git: read") : 0;
}

/* What git said first that is an error, without its "fatal: ", and what it advises is the way out. */
static void
complaint(struct bytes *said, struct error *e)
{
	static const char *const marks[] = { "fatal: ", "error: " };
	const char *text = bytes_string(said), *first = text, *advice = strstr(text, "\tgit ");

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *found = strstr(text, marks[i]);

		if (found != NULL && (found == text || found[-1] == '\n')) {
			first = found + strlen(marks[i]);
			break;
		}
	}
	if (advice == NULL)
		error_set(e, ERROR_INPUT, "git: %.*s", (int)strcspn(first, "\n"), first);
	else
		error_set(e, ERROR_INPUT, "git: %.*s; %.*s", (int)strcspn(first, "\n"), first,
		    (int)strcspn(advice + 1, "\n"), advice + 1);
}

/* said is a file in memory: what git warns of never keeps it waiting for us. 1: it ended with 1, silently. */
static int
collect(struct child *c, int out, int said, struct bytes *result, struct error *e)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES ignored = { 0 };
	bool failed = read_all(out, result != NULL ? result : &ignored, e) < 0;
	int status = child_wait(c);

	if (failed)
		return -1;
	if (status == 0)
		return 0;
	lseek(said, 0, SEEK_SET);
	read_all(said, &text, NULL);
	if (text.len == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return 1;
	complaint(&text, e);
	return -1;
}

/* Variables that say which repository is meant (git rev-parse --local-env-vars) and, within, what is to
 * be built; others are git's own to read. */
static const struct {
	const char *name;
	bool path;  /* made absolute: git is run in another folder */
	bool quits; /* without GIT_WORK_TREE a hook's GIT_DIR means its own folder: git finds it by itself */
	bool mine;  /* kept for the repository of the project */
} repository_variables[] = {
	{ "GIT_DIR", true, true, true },
	{ "GIT_WORK_TREE", true, true, true },
	{ "GIT_INDEX_FILE", true, false, true },
	{ "GIT_OBJECT_DIRECTORY", true, false, true },
	{ "GIT_ALTERNATE_OBJECT_DIRECTORIES", false, false, true },
	{ "GIT_QUARANTINE_PATH", true, false, true },
	{ "GIT_COMMON_DIR", true, true, true },
	{ "GIT_SHALLOW_FILE", true, false, true },
	{ "GIT_PREFIX", false, false, false },
	{ "GIT_CONFIG", false, false, false },
	{ "GIT_CONFIG_PARAMETERS", false, false, false },
	{ "GIT_CONFIG_COUNT", false, false, false },
	{ "GIT_GRAFT_FILE", false, false, false },
	{ "GIT_NO_REPLACE_OBJECTS", false, false, false },
	{ "GIT_REPLACE_REF_BASE", false, false, false },
	{ "GIT_IMPLICIT_WORK_TREE", false, false, false },
	{ "GIT_INTERNAL_SUPER_PREFIX", false, false, false },
	{ "GIT_EXTERNAL_DIFF", false, false, false },
};
#define NVARIABLES (sizeof(repository_variables) / sizeof(repository_variables[0]))

/* The messages are compared and passed on in one language; nothing asks, nothing waits for a lock. */
static const char *const always[] = { "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
	"GIT_PAGER=cat" };
#define NALWAYS (sizeof(always) / sizeof(always[0]))

static const char *
value_of(const char *pair, const char *name)
{
	size_t n = strlen(name);

	return strncmp(pair, name, n) == 0 && pair[n] == '=' ? pair + n + 1 : NULL;
}

/* The pair as git is to get it; NULL: not at all. What is made goes to made. */
static char *
pair_for(char *pair, bool elsewhere, char **made)
{
	bool whole = getenv("GIT_WORK_TREE") != NULL;

	for (size_t i = 0; i < NALWAYS; i++) {
		size_t n = strcspn(always[i], "=") + 1;

		if (strncmp(pair, always[i], n) == 0)
			return NULL;
	}
	for (size_t i = 0; i < NVARIABLES; i++) {
		const char *value = value_of(pair, repository_variables[i].name);

		if (value == NULL)
			continue;
		if (elsewhere || !repository_variables[i].mine ||
		    (repository_variables[i].quits && !whole))
			return NULL;
		if (repository_variables[i].path && value[0] != '/') {
			AUTO_FREE char *absolute = realpath(value, NULL);

			if (absolute != NULL)
				return *made = xformat("%s=%s", repository_variables[i].name, absolute);
		}
	}
	return pair;
}

/* The environment of a git; its texts are our own environment's, or made for it. */
struct environment_of_git {
	char **env;
	char *made[NVARIABLES];
	size_t nmade;
};

static void
environment_make(struct environment_of_git *v, bool elsewhere)
{
	size_t n = 0, kept = 0;

	*v = (struct environment_of_git){ 0 };
	while (environ[n] != NULL)
		n++;
	v->env = xmalloc((n + NALWAYS + 1) * sizeof(char *));
	for (size_t i = 0; i < n; i++) {
		char *made = NULL, *pair = pair_for(environ[i], elsewhere, &made);

		if (made != NULL)
			v->made[v->nmade++] = made;
		if (pair != NULL)
			v->env[kept++] = pair;
	}
	for (size_t i = 0; i < NALWAYS; i++)
		v->env[kept++] = (char *)(uintptr_t)always[i];
}

static void
environment_free(struct environment_of_git *v)
{
	for (size_t i = 0; i < v->nmade; i++)
		free(v->made[i]);
	free(v->env);
}

/* Options in front of a command. */
static const char *const hardened[] = { "git", "-c", "core.hooksPath=/dev/null", "-c",
	"core.fsmonitor=false", "--no-pager" };
#define NHARDENED (sizeof(hardened) / sizeof(hardened[0]))

static struct child *
spawn(const char *dir, bool elsewhere, const char *const *arguments, const int fds[3],
    struct error *e)
{
	const char *argv[ARGUMENTS];
	struct environment_of_git v;
	struct process_spec spec = { .path = "git", .dir = dir, .in = fds[0], .out = fds[1],
		.err = fds[2] };
	size_t n = NHARDENED;
	struct child *c;

	memcpy(argv, hardened, sizeof(hardened));
	for (; *arguments != NULL && n + 1 < ARGUMENTS; arguments++)
		argv[n++] = *arguments;
	argv[n] = NULL;
	environment_make(&v, elsewhere);
	spec.argv = (char *const *)(uintptr_t)argv;
	spec.env = v.env;
	c = child_start(NULL, &spec, NULL, NULL, e);
	environment_free(&v);
	if (c == NULL && e != NULL && e->sys == ENOENT)
		error_set(e, ERROR_INPUT, "git is not on the PATH");
	return c;
}

static int
run(const char *dir, bool elsewhere, const char *const *arguments, struct bytes *out,
    struct error *e)
{
	AUTO_CLOSE int said = memfd_create("git", MFD_CLOEXEC);
	int pipe[2], result = -1;
	struct child *c;

	if (said < 0 || pipe2(pipe, O_CLOEXEC) < 0)
		return error_sys(e, "git: pipe");
	c = spawn(dir, elsewhere, arguments, (const int[]){ -1, pipe[1], said }, e);
	close(pipe[1]);
	if (c != NULL)
		result = collect(c, pipe[0], said, out, e);
	close(pipe[0]);
	return result;
}

int
git_run(const char *dir, const char *const *arguments, struct bytes *out, struct error *e)
{
	int result = run(dir, false, arguments, out, e);

	return result > 0 ? error_set(e, ERROR_INPUT, "git %s: ended with 1", arguments[0]) : result;
}

int
git_run_elsewhere(const char *dir, const char *const *arguments, struct bytes *out, struct error *e)
{
	int result = run(dir, true, arguments, out, e);

	return result > 0 ? error_set(e, ERROR_INPUT, "git %s: ended with 1", arguments[0]) : result;
}

int
git_ask(const char *dir, const char *const *arguments, struct bytes *out, struct error *e)
{
	int result = run(dir, false, arguments, out, e);

	return result < 0 ? -1 : result == 0;
}

char *
git_line(const char *dir, const char *const *arguments, struct error *e)
{
	struct bytes out = { 0 };

	if (git_run(dir, arguments, &out, e) < 0) {
		bytes_free(&out);
		return NULL;
	}
	if (out.len > 0 && out.data[out.len - 1] == '\n')
		out.len--;
	return bytes_give(&out);
}

static bool
exists(const char *dir, size_t n, const char *name)
{
	AUTO_FREE char *path = xformat("%.*s/%s", (int)n, dir, name);

	return access(path, F_OK) == 0;
}

bool
git_is_used(const char *dir)
{
	size_t n = strlen(dir);

	if (getenv("GIT_DIR") != NULL ||
	    (exists(dir, n, "HEAD") && exists(dir, n, "objects") && exists(dir, n, "refs")))
		return true;
	for (;;) {
		if (exists(dir, n, ".git"))
			return true;
		while (n > 0 && dir[n - 1] != '/')
			n--;
		if (n == 0)
			return false;
		n--;
	}
}

int
git_start(struct git_child *g, const char *dir, const char *const *arguments, struct error *e)
{
	int in[2], out[2];
	AUTO_CLOSE int lost = kernel.open(AT_FDCWD, "/dev/null", O_WRONLY, 0);
	struct child *c;

	*g = (struct git_child){ .in = -1, .out = -1 };
	if (lost < 0 || pipe2(in, O_CLOEXEC) < 0)
		return error_sys(e, "git: pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return error_sys(e, "git: pipe");
	}
	c = spawn(dir, false, arguments, (const int[]){ in[0], out[1], lost }, e);
	close(in[0]);
	close(out[1]);
	if (c == NULL) {
		close(in[1]);
		close(out[0]);
		return -1;
	}
	*g = (struct git_child){ .child = c, .in = in[1], .out = out[0] };
	return 0;
}

void
git_stop(struct git_child *g)
{
	if (g->child == NULL)
		return;
	close(g->in);
	close(g->out);
	child_wait(g->child);
	*g = (struct git_child){ .in = -1, .out = -1 };
}
