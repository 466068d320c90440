#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "children.h"
#include "emit.h"
#include "git.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "place.h"
#include "process.h"
#include "remote.h"
#include "verbs.h"
#include "wait.h"

/* A push of more is nothing that anybody waits for. */
#define REFS 1000

/* A ref that was moved. Object names of only zeros stand for none (githooks(5)). */
struct moved {
	const char *old, *new, *ref;
};

static bool
is_none(const char *object)
{
	return object[strspn(object, "0")] == '\0';
}

/* ---- a build at the server */

static char *
message_of(const char *object)
{
	const char *const show[] = { "log", "-1", "--format=%B", "--end-of-options", object, NULL };
	AUTO_BYTES text = { 0 };

	if (git_run(".", show, &text, NULL) < 0)
		text.len = 0;
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	return bytes_give(&text);
}

/* What came with git push -o (githooks(5)). */
static void
emit_options(struct bytes *params)
{
	const char *count = getenv("GIT_PUSH_OPTION_COUNT");
	long n = count == NULL ? 0 : strtol(count, NULL, 10);
	AUTO_FREE const char **list = xmalloc(sizeof(*list) * (size_t)(n > 0 && n <= REFS ? n : 1));
	size_t found = 0;

	for (long i = 0; i < n && n <= REFS; i++) {
		AUTO_FREE char *name = xformat("GIT_PUSH_OPTION_%ld", i);
		const char *text = getenv(name);

		if (text != NULL)
			list[found++] = text;
	}
	if (found > 0)
		emit_list(params, "options", list, found);
}

static bool
option_given(const char *option)
{
	const char *count = getenv("GIT_PUSH_OPTION_COUNT");
	long n = count == NULL ? 0 : strtol(count, NULL, 10);

	for (long i = 0; i < n && n <= REFS; i++) {
		AUTO_FREE char *name = xformat("GIT_PUSH_OPTION_%ld", i);
		const char *text = getenv(name);

		if (text != NULL && strcmp(text, option) == 0)
			return true;
	}
	return false;
}

static int
trigger_moved(const char *repo, const struct moved *m, struct remote_build *a, struct error *e)
{
	AUTO_FREE char *message = message_of(m->new);
	AUTO_FREE char *key = xformat("%s %s %s", m->ref, m->old, m->new);
	const char *actor = getenv("USER");
	AUTO_BYTES params = { 0 };

	emit_open(&params);
	emit_text(&params, "repo", repo);
	emit_text(&params, "ref", m->ref);
	if (!is_none(m->old))
		emit_text(&params, "old", m->old);
	emit_text(&params, "new", m->new);
	emit_text(&params, "message", message);
	emit_text(&params, "key", key);
	if (actor != NULL)
		emit_text(&params, "actor", actor);
	emit_options(&params);
	bytes_char(&params, '}');
	return remote_trigger((struct span){ params.data, params.len }, a, e);
}

/* Triggers it and says so; with wait also how it ends. 0, or -1 when it could not be triggered. */
static int
push_one(const char *repo, const struct moved *m, bool wait, struct error *e)
{
	struct remote_build a;

	if (trigger_moved(repo, m, &a, e) < 0)
		return -1;
	if (a.build == NULL)
		printf("mci: no build of %s: %s\n", m->ref, a.skipped);
	else
		printf("mci: build %s: mci show -f %s\n", a.build, a.build);
	fflush(stdout);
	if (a.build != NULL && wait) {
		struct state_build b = { .name = a.build, .lock = -1 };
		int status = wait_build(&b, 0);

		printf("mci: %s ended with %d\n", a.build, status);
	}
	remote_build_free(&a);
	return 0;
}

/* ---- the hooks */

/* Cuts a line of words, in place; how many there are. */
static int
words_cut(char *line, char **words, int max)
{
	int n = 0;

	for (char *save, *word = strtok_r(line, " ", &save); word != NULL && n < max;
	    word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	return n;
}

/* Each line of standard input in turn, of so many words. */
static int
each_line(int nwords, int (*use)(char **words, const char *repo, struct error *e), const char *repo,
    struct error *e)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int worst = 0;

	while ((n = getline(&line, &size, stdin)) > 0) {
		char *words[8];
		int status;

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (words_cut(line, words, 8) != nwords)
			return error_set(e, ERROR_INPUT, "standard input: a line of %d words was expected",
			    nwords);
		status = use(words, repo, e);
		if (status < 0)
			return -1;
		worst = status > worst ? status : worst;
	}
	return worst;
}

/* "OLD NEW REF": branches and tags that are there after the push. */
static int
received(char **words, const char *repo, struct error *e)
{
	struct moved m = { words[0], words[1], words[2] };

	if (is_none(m.new) ||
	    (strncmp(m.ref, "refs/heads/", 11) != 0 && strncmp(m.ref, "refs/tags/", 10) != 0))
		return 0;
	return push_one(repo, &m, option_given("ci.wait"), e);
}

static int
post_receive(const char *repo, struct error *e)
{
	return each_line(3, received, repo, e);
}

/* The commit that was just made, where there is a branch for it. */
static int
post_commit(const char *repo, struct error *e)
{
	static const char *const head[] = { "rev-parse", "HEAD", NULL };
	static const char *const branch[] = { "symbolic-ref", "-q", "HEAD", NULL };
	static const char *const parent[] = { "rev-parse", "-q", "--verify", "HEAD^", NULL };
	AUTO_FREE char *new = git_line(".", head, e);
	AUTO_FREE char *ref = git_line(".", branch, NULL);
	AUTO_FREE char *old = git_line(".", parent, NULL);
	struct moved m = { old == NULL ? "0" : old, new, ref };

	if (new == NULL)
		return -1;
	return ref == NULL ? 0 : push_one(repo, &m, false, e);
}

/* "LOCALREF OBJECT REMOTEREF REMOTEOBJECT": what is about to be pushed is built here, before it is. */
static int
pushed(char **words, const char *repo, struct error *e)
{
	AUTO_FREE char *program = process_kit("mci-build");
	char *argv[] = { program, (char[]){ "-q" }, (char[]){ "--rev" }, words[1], (char[]){ "--since" },
		words[3], NULL };
	struct process_spec spec = { .path = program, .argv = argv, .in = -1, .out = STDOUT_FILENO,
		.err = STDERR_FILENO };
	struct child *c;
	int status;

	(void)repo;
	if (is_none(words[1]))
		return 0;
	if (is_none(words[3]))
		argv[4] = NULL;
	c = child_start(NULL, &spec, NULL, NULL, e);
	if (c == NULL)
		return -1;
	status = child_wait(c);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
pre_push(const char *repo, struct error *e)
{
	return each_line(4, pushed, repo, e);
}

static const struct hook {
	const char *name;
	bool repo; /* it asks a server */
	int (*run)(const char *repo, struct error *e);
} hooks[] = {
	{ "post-receive", true, post_receive },
	{ "post-commit", true, post_commit },
	{ "pre-push", false, pre_push },
};
#define NHOOKS (sizeof(hooks) / sizeof(hooks[0]))

static const struct hook *
hook_find(const char *name, struct error *e)
{
	for (size_t i = 0; i < NHOOKS; i++) {
		if (strcmp(hooks[i].name, name) == 0)
			return &hooks[i];
	}
	error_set(e, ERROR_USAGE, "'%.80s': expected post-receive, post-commit or pre-push", name);
	return NULL;
}

/* ---- installing one */

#define HEAD "#!/bin/sh\n# Installed by mci hook install.\n"

static int
script_write(int fd, const struct hook *h, const char *repo, struct error *e)
{
	AUTO_FREE char *program = process_kit("mci");
	AUTO_FREE char *address = api_address(e);
	AUTO_FREE char *text = NULL;

	if (address == NULL)
		return -1;
	text = h->repo ? xformat(HEAD "MCI_API='%s' exec '%s' hook run %s %s\n", address, program, h->name,
	    repo) : xformat(HEAD "exec '%s' hook run %s\n", program, h->name);
	return kernel_write_all(fd, text, strlen(text)) < 0 ? error_sys(e, "%s", h->name) : 0;
}

/* Where the user's git looks for hooks, as ours is told to look nowhere (git.h). */
static char *
hooks_folder(struct error *e)
{
	static const char *const configured[] = { "config", "--show-scope", "--type=path", "--get-all",
		"core.hooksPath", NULL };
	static const char *const common[] = { "rev-parse", "--git-common-dir", NULL };
	AUTO_BYTES scopes = { 0 };
	AUTO_FREE char *git = git_line(".", common, e);
	char *found = NULL;

	if (git == NULL)
		return NULL;
	git_run(".", configured, &scopes, NULL);
	for (char *save, *line = strtok_r((char *)(uintptr_t)bytes_string(&scopes), "\n", &save);
	    line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char *tab = strchr(line, '\t');

		if (tab == NULL || strncmp(line, "command", 7) == 0)
			continue;
		free(found);
		found = xstrdup(tab + 1);
	}
	return found != NULL ? found : xformat("%s/hooks", git);
}

/* Beside the others; one that is there is somebody's. */
static int
install(const struct hook *h, const char *repo, struct error *e)
{
	AUTO_FREE char *folder = hooks_folder(e);
	AUTO_FREE char *path = folder == NULL ? NULL : xformat("%s/%s", folder, h->name);
	AUTO_CLOSE int fd = -1;

	if (path == NULL)
		return -1;
	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		return error_sys(e, "%s", folder);
	fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0755);
	if (fd < 0 && errno == EEXIST)
		return error_set(e, ERROR_BUSY, "%s is there already: add 'mci hook run %s%s%s' to it", path,
		    h->name, h->repo ? " " : "", h->repo ? repo : "");
	if (fd < 0)
		return error_sys(e, "%s", path);
	if (script_write(fd, h, repo, e) < 0)
		return -1;
	if (!option_common.quiet)
		printf("%s\n", path);
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e;
	const struct hook *h = argc < 2 ? NULL : hook_find(argv[1], &e);
	const char *repo = argc == 3 ? argv[2] : NULL;
	bool installs = argc > 0 && strcmp(argv[0], "install") == 0;
	int status = -1;

	(void)arg;
	if (!installs && strcmp(argv[0], "run") != 0)
		error_set(&e, ERROR_USAGE, "'%.80s': expected install or run", argv[0]);
	else if (h != NULL && h->repo && repo == NULL)
		error_set(&e, ERROR_USAGE, "which repository of the server is this? mci hook %s %s ORG/REPO",
		    argv[0], h->name);
	else if (h != NULL)
		status = installs ? install(h, repo, &e) : h->run(repo, &e);
	return status < 0 ? place_complain(&e) : status;
}

const struct command hook_command = {
	.program = "mci",
	.verb = "hook",
	.operands = "install|run HOOK [ORG/REPO]",
	.summary = "have git trigger builds: post-receive, post-commit, pre-push",
	.min_operands = 2,
	.max_operands = 3,
	.run = run,
};
