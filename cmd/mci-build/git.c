#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "process.h"

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

/* The first line of what git said, without its "fatal: ". */
static void
complaint(struct bytes *said, struct error *e)
{
	const char *text = bytes_string(said);

	if (strncmp(text, "fatal: ", 7) == 0)
		text += 7;
	error_set(e, ERROR_INPUT, "git: %.*s", (int)strcspn(text, "\n"), text);
}

/* said is a file in memory: what git warns of never keeps it waiting for us. */
static int
collect(pid_t pid, int out, int said, struct bytes *result, struct error *e)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES ignored = { 0 };
	int status = -1, failed;

	failed = read_all(out, result != NULL ? result : &ignored, e) < 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (failed)
		return -1;
	if (status == 0)
		return 0;
	lseek(said, 0, SEEK_SET);
	read_all(said, &text, NULL);
	complaint(&text, e);
	return -1;
}

/* Those of `git rev-parse --local-env-vars`. */
static bool
names_repository(const char *pair)
{
	static const char *const names[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX",
		"GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
		"GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_GRAFT_FILE",
		"GIT_SHALLOW_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
		"GIT_IMPLICIT_WORK_TREE", "GIT_INTERNAL_SUPER_PREFIX" };
	size_t n = strcspn(pair, "=");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == n && strncmp(pair, names[i], n) == 0)
			return true;
	}
	return false;
}

static char **
environment_elsewhere(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = xmalloc((n + 1) * sizeof(char *));
	for (size_t i = 0; i < n; i++) {
		if (!names_repository(environ[i]))
			env[kept++] = environ[i];
	}
	return env;
}

static int
run(const char *dir, char *const *env, const char *const *arguments, struct bytes *out,
    struct error *e)
{
	const char *argv[ARGUMENTS] = { "git" };
	struct process_spec spec = { .path = "git", .env = env, .dir = dir, .in = -1 };
	AUTO_CLOSE int said = memfd_create("git", MFD_CLOEXEC);
	int pipe[2], result;
	pid_t pid;

	for (size_t i = 0; arguments[i] != NULL && i + 2 < ARGUMENTS; i++)
		argv[i + 1] = arguments[i];
	spec.argv = (char *const *)(uintptr_t)argv;
	if (said < 0 || pipe2(pipe, O_CLOEXEC) < 0)
		return error_sys(e, "git: pipe");
	spec.out = pipe[1];
	spec.err = said;
	result = process_spawn(&pid, &spec, e);
	close(pipe[1]);
	if (result == 0)
		result = collect(pid, pipe[0], said, out, e);
	close(pipe[0]);
	return result;
}

int
git_run(const char *dir, const char *const *arguments, struct bytes *out, struct error *e)
{
	return run(dir, NULL, arguments, out, e);
}

int
git_run_elsewhere(const char *dir, const char *const *arguments, struct bytes *out, struct error *e)
{
	AUTO_FREE char **env = environment_elsewhere();

	return run(dir, env, arguments, out, e);
}
