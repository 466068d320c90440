#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "git.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "place.h"
#include "remote.h"
#include "tree.h"
#include "verbs.h"
#include "wait.h"

struct options {
	const char *rev, *event, *key, *actor, *message;
	struct option_list params, push;
	bool follow, wait;
};

#define TEXT(member, value_, text) \
	{ .name = #member, .value = value_, .help = text, .kind = OPTION_TEXT, \
	  .offset = offsetof(struct options, member) }

static const struct option options[] = {
	TEXT(rev, "REV", "a commit, branch or tag; the main branch by default"),
	{ .letter = 'p', .name = "param", .value = "K=V", .help = "give the build a param",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, params) },
	TEXT(event, "EVENT", "what it is for (manual)"),
	TEXT(key, "KEY", "triggers of one key are one build"),
	TEXT(actor, "NAME", "who asks for it (you)"),
	TEXT(message, "TEXT", "why, for people"),
	{ .letter = 'o', .name = "push-option", .value = "OPTION", .help = "as git push -o, as ci.skip",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, push) },
	{ .letter = 'f', .name = "follow", .help = "show it live, and exit as it did", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, follow) },
	{ .name = "wait", .help = "wait until it has ended, and exit as it did", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, wait) },
};

static bool
is_object(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return text[n] == '\0' && (n == 40 || n == 64);
}

/* What a short name is: what the repository of this folder says, if it is one, else a branch. */
static char *
ref_of(const char *rev)
{
	const char *const ask[] = { "rev-parse", "--symbolic-full-name", "--end-of-options", rev, NULL };
	AUTO_FREE char *full = NULL;

	if (strncmp(rev, "refs/", 5) == 0)
		return xstrdup(rev);
	full = git_is_used(".") ? git_line(".", ask, NULL) : NULL;
	if (full != NULL && (strncmp(full, "refs/heads/", 11) == 0 || strncmp(full, "refs/tags/", 10) == 0))
		return xstrdup(full);
	return xformat("refs/heads/%s", rev);
}

/* Lines of jobs, for a build that needs no definition. */
static int
read_specs(struct bytes *specs, struct error *e)
{
	ssize_t n;

	while ((n = kernel_read_some(STDIN_FILENO, bytes_reserve(specs, 65536), 65536)) > 0) {
		specs->len += (size_t)n;
		if (specs->len > LINE_LIMIT / 2)
			return error_set(e, ERROR_LIMIT, "standard input: more than %d bytes of specs",
			    LINE_LIMIT / 2);
	}
	if (n < 0)
		return error_sys(e, "standard input");
	return specs->len > 0 ? 0 : error_set(e, ERROR_INPUT, "standard input: no specs");
}

static void
emit_given(struct bytes *params, const char *name, const char *text)
{
	if (text != NULL)
		emit_text(params, name, text);
}

static int
build_params(struct bytes *params, const struct options *o, const char *repo, bool specs, struct error *e)
{
	const char *actor = o->actor != NULL ? o->actor : getenv("USER");
	AUTO_FREE char *ref = o->rev != NULL && !is_object(o->rev) ? ref_of(o->rev) : NULL;
	AUTO_BYTES lines = { 0 };

	if (specs && read_specs(&lines, e) < 0)
		return -1;
	emit_open(params);
	emit_text(params, "repo", repo);
	emit_given(params, ref != NULL ? "ref" : "new", ref != NULL ? ref : o->rev);
	emit_text(params, "event", o->event != NULL ? o->event : "manual");
	emit_given(params, "key", o->key);
	emit_given(params, "actor", actor);
	emit_given(params, "message", o->message);
	if (o->push.n > 0)
		emit_list(params, "options", o->push.items, o->push.n);
	if (specs)
		emit_span(params, "specs", (struct span){ lines.data, lines.len });
	if (remote_params(params, &o->params, e) < 0)
		return -1;
	bytes_char(params, '}');
	return 0;
}

static int
operands(int argc, char **argv, const char **repo, bool *specs, struct error *e)
{
	*repo = NULL;
	*specs = false;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0)
			*specs = true;
		else if (*repo == NULL)
			*repo = argv[i];
		else
			return error_set(e, ERROR_USAGE, "one repository at a time, not '%.80s' too",
			    argv[i]);
	}
	return *repo != NULL ? 0 :
	    error_set(e, ERROR_USAGE, "which repository? mci trigger ORG/REPO; 'mci repo ls' lists them");
}

static int
watch(const struct options *o, const char *build)
{
	struct state_build b = { .name = (char *)(uintptr_t)build, .lock = -1 };

	return o->follow ? tree_build(&b, true) : wait_build(&b, 0);
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	AUTO_BYTES params = { 0 };
	struct remote_build a = { 0 };
	const char *repo;
	bool specs;
	struct error e;
	int status = 0;

	if (operands(argc, argv, &repo, &specs, &e) < 0 ||
	    build_params(&params, o, repo, specs, &e) < 0 ||
	    remote_trigger((struct span){ params.data, params.len }, &a, &e) < 0)
		return place_complain(&e);
	if (a.build == NULL) {
		error_set(&e, ERROR_NOT_FOUND, "%s: no build: %s", repo, a.skipped);
		status = place_complain(&e);
	} else if (o->follow || o->wait) {
		status = watch(o, a.build);
	} else if (!option_common.quiet) {
		puts(a.build);
	}
	remote_build_free(&a);
	return status;
}

const struct command trigger_command = {
	.program = "mci",
	.verb = "trigger",
	.operands = "ORG/REPO [-]",
	.summary = "have a server build something; with - the jobs on standard input",
	.also = "queue enqueue dispatch",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 0,
	.max_operands = 2,
	.run = run,
	.size = sizeof(struct options),
};
