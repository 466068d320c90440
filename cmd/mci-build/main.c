#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "build.h"
#include "buildcommand.h"
#include "config.h"
#include "facts.h"
#include "keys.h"
#include "isolation.h"
#include "lint.h"
#include "memory.h"
#include "order.h"
#include "outcome.h"
#include "process.h"
#include "specvalue.h"
#include "runners.h"
#include "standard.h"
#include "state.h"
#include "watch.h"

#define FIELD(name) offsetof(struct build_options, name)

/* For trying conditions: with --plan and --lint alone. */
#define FACTS \
	{ .name = "event", .value = "EVENT", \
	  .help = "try conditions as if this had started the build", .kind = OPTION_TEXT, \
	  .offset = FIELD(facts.event), .choices = "push|tag|pull-request|schedule|manual" }, \
	{ .name = "branch", .value = "BRANCH", .help = "and this were the branch", \
	  .kind = OPTION_TEXT, .offset = FIELD(facts.branch) }, \
	{ .name = "tag", .value = "TAG", .help = "and the commit had this tag", .kind = OPTION_LIST, \
	  .offset = FIELD(facts.tags) }, \
	{ .name = "target", .value = "BRANCH", .help = "and the change were meant for this branch", \
	  .kind = OPTION_TEXT, .offset = FIELD(facts.target) }, \
	{ .name = "changed", .value = "FILE", .help = "and these files were changed", \
	  .kind = OPTION_LIST, .offset = FIELD(facts.changed) }

#define THROUGH \
	{ .name = "through", .value = "COMMAND", \
	  .help = "let this filter see every job, and what comes out be the jobs", .kind = OPTION_LIST, \
	  .offset = FIELD(through), .project = true, .adds = true }

static const struct option options[] = {
	{ .letter = 'f', .name = "file", .value = "SCRIPT",
	  .help = "build this script or document instead of looking for one", .kind = OPTION_TEXT,
	  .offset = FIELD(file) },
	{ .letter = 'j', .name = "jobs", .value = "N",
	  .help = "run at most N jobs at once (default: the number of CPUs)",
	  .kind = OPTION_NUMBER, .offset = FIELD(jobs), .min = 1, .max = 4096, .project = true },
	{ .name = "progress", .value = "FORMAT",
	  .help = "what is shown while it runs", .kind = OPTION_CHOICE,
	  .offset = FIELD(progress), .choices = "tree|plain|json|none", .project = true },
	{ .name = "json", .help = "the same as --progress json", .kind = OPTION_FLAG,
	  .offset = FIELD(json) },
	{ .letter = 'n', .name = "plan", .help = "print the specs that would run, and run nothing",
	  .kind = OPTION_FLAG, .offset = FIELD(plan) },
	{ .name = "lint", .help = "check the definition, and run no job",
	  .kind = OPTION_FLAG, .offset = FIELD(lint) },
	{ .name = "params", .help = "list the params that the definition takes, and run no job",
	  .kind = OPTION_FLAG, .offset = FIELD(declares) },
	{ .name = "why", .help = "say which jobs would run, and why, and run none",
	  .kind = OPTION_FLAG, .offset = FIELD(why) },
	{ .name = "fail-fast", .help = "start nothing more once a job has failed",
	  .kind = OPTION_FLAG, .offset = FIELD(fail_fast), .project = true },
	{ .name = "break", .value = "JOB|failed",
	  .help = "stop behind this job, or the first that fails, and open a shell where it ran",
	  .kind = OPTION_TEXT, .offset = FIELD(stop_at), .choices = "jobs" },
	{ .name = "blocked", .value = "WHAT",
	  .help = "what to do when only blocked jobs are left", .kind = OPTION_CHOICE,
	  .offset = FIELD(blocked), .choices = "wait|skip|fail", .project = true },
	{ .name = "skip", .value = "JOB", .help = "leave this job's work out, not its place in the order",
	  .kind = OPTION_LIST, .offset = FIELD(skip), .choices = "jobs", .project = true },
	{ .name = "label", .value = "K=V",
	  .help = "run the jobs with this label, and what they depend on", .kind = OPTION_LIST,
	  .offset = FIELD(labels), .project = true },
	{ .name = "no-deps", .help = "run only what was asked for, not what it depends on",
	  .kind = OPTION_FLAG, .offset = FIELD(no_deps) },
	{ .name = "resume", .value = "BUILD", .help = "go on with this build, which was killed",
	  .kind = OPTION_TEXT, .offset = FIELD(resume), .choices = "builds" },
	{ .name = "reuse", .value = "BUILD",
	  .help = "take over what succeeded in this build, as far as nothing before it runs again",
	  .kind = OPTION_TEXT, .offset = FIELD(reuse), .choices = "builds" },
	{ .name = "from", .value = "JOB", .help = "with --reuse: run this job again, and all behind it",
	  .kind = OPTION_TEXT, .offset = FIELD(from), .choices = "jobs" },
	{ .letter = 'p', .name = "param", .value = "K=V", .help = "give the build a param",
	  .kind = OPTION_LIST, .offset = FIELD(params), .project = true },
	{ .name = "param-file", .value = "FILE", .help = "read params from lines K=V",
	  .kind = OPTION_TEXT, .offset = FIELD(param_file) },
	{ .name = "secret", .value = "NAME",
	  .help = "give this variable to the jobs that name it, and mask its value",
	  .kind = OPTION_LIST, .offset = FIELD(secrets) },
	{ .name = "secret-file", .value = "[NAME=]FILE", .help = "the same with what a file holds",
	  .kind = OPTION_LIST, .offset = FIELD(secret_files) },
	{ .letter = 'e', .name = "env", .value = "NAME[=VALUE]",
	  .help = "pass a variable to the script and its jobs", .kind = OPTION_LIST,
	  .offset = FIELD(env) },
	{ .name = "rev", .value = "REV", .help = "build a clean checkout of this revision",
	  .kind = OPTION_TEXT, .offset = FIELD(rev) },
	{ .name = "staged", .help = "build a clean checkout of what is staged",
	  .kind = OPTION_FLAG, .offset = FIELD(staged) },
	{ .name = "since", .value = "REV", .help = "what when: path compares the files with",
	  .kind = OPTION_TEXT, .offset = FIELD(since), .project = true },
	FACTS,
	THROUGH,
	{ .name = "no-wait",
	  .help = "exit 75 when another build works in this folder, instead of waiting",
	  .kind = OPTION_FLAG, .offset = FIELD(no_wait) },
	{ .name = "timeout", .value = "DURATION",
	  .help = "cancel the build after this long; exit 124", .kind = OPTION_DURATION,
	  .offset = FIELD(timeout), .project = true },
	{ .name = "limit", .value = "NAME=VALUE",
	  .help = "let jobs that do not say it themselves use so much, as memory=2G",
	  .kind = OPTION_LIST, .offset = FIELD(limits), .project = true },
	{ .name = "limit-most", .value = "NAME=VALUE", .help = "let no job use more than this",
	  .kind = OPTION_LIST, .offset = FIELD(most) },
	{ .name = "expose-ports", .value = "FIRST-LAST",
	  .help = "reach what containers expose by these ports (20000-21000)", .kind = OPTION_TEXT,
	  .offset = FIELD(ports) },
	{ .name = "podman", .value = "COMMAND", .help = "what runs containers (podman)", .kind = OPTION_TEXT,
	  .offset = FIELD(podman) },
	{ .name = "runner", .value = "NAME", .help = "where jobs run: host, sandbox, podman, ssh:HOST",
	  .kind = OPTION_TEXT, .offset = FIELD(runner) },
	{ .name = "sandbox", .help = "the same as --runner sandbox", .kind = OPTION_FLAG,
	  .offset = FIELD(sandbox) },
	{ .name = "watch", .help = "build again whenever files change", .kind = OPTION_FLAG,
	  .offset = FIELD(watch) },
	{ .name = "log", .value = "ADDRESS",
	  .help = "let this log server keep the jobs' logs (default: $MCI_LOG)",
	  .kind = OPTION_TEXT, .offset = FIELD(log) },
	{ .name = "order", .value = "fd:N",
	  .help = "run what an agent has claimed: read what it is from this descriptor, and hold on to it",
	  .kind = OPTION_TEXT, .offset = FIELD(order_at) },
	{ .name = "events", .value = "ADDRESS",
	  .help = "publish the build's events at this hub (or MCI_EVENTS)", .kind = OPTION_TEXT,
	  .offset = FIELD(events) },
	{ .name = "blob", .value = "ADDRESS",
	  .help = "the store of artifacts and caches (default: $MCI_BLOB)",
	  .kind = OPTION_TEXT, .offset = FIELD(blob) },
	{ .name = "unsealed",
	  .help = "take results of jobs with inputs where nothing keeps them to these, too",
	  .kind = OPTION_FLAG, .offset = FIELD(unsealed), .project = true },
	{ .name = "no-cache",
	  .help = "take no result from the store: run all jobs, and keep what they come to",
	  .kind = OPTION_FLAG, .offset = FIELD(no_cache) },
	{ .name = "log-dir", .value = "DIR", .help = "keep the jobs' logs in this folder",
	  .kind = OPTION_TEXT, .offset = FIELD(log_dir) },
	/* not shown: for --resume itself, for tests and editors */
	{ .name = "resume-at", .kind = OPTION_TEXT, .offset = FIELD(resume_at) },
	{ .name = "list-keys", .kind = OPTION_FLAG, .offset = FIELD(list_keys) },
};

static const struct command command = {
	.program = "mci-build",
	.operands = "[SCRIPT|-] [JOB...] [NAME=VALUE...]",
	.summary = "run one build: the jobs that a script or a file describes",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = SIZE_MAX,
	.complete = "jobs",
	.size = sizeof(struct build_options),
};

/* What --lint looks at; it runs no job, so there is nothing to say about that. */
static const struct option lint_options[] = {
	{ .letter = 'f', .name = "file", .value = "FILE",
	  .help = "check this script or document instead of looking for one", .kind = OPTION_TEXT,
	  .offset = FIELD(file) },
	{ .name = "json", .help = "one JSON object a problem", .kind = OPTION_FLAG,
	  .offset = FIELD(json) },
	{ .name = "lint", .help = "check the definition, and run no job",
	  .kind = OPTION_FLAG, .offset = FIELD(lint) },
	FACTS,
	THROUGH,
};

static const struct command lint_command = {
	.program = "mci-build",
	.verb = "--lint",
	.operands = "[FILE...]",
	.summary = "check definitions: each problem with its file, line and column",
	.options = lint_options,
	.noptions = sizeof(lint_options) / sizeof(lint_options[0]),
	.max_operands = SIZE_MAX,
	.complete = "files",
	.size = sizeof(struct build_options),
};

static const struct option params_options[] = {
	{ .letter = 'f', .name = "file", .value = "FILE",
	  .help = "look at this script or document instead of looking for one", .kind = OPTION_TEXT,
	  .offset = FIELD(file) },
	{ .name = "json", .help = "one JSON object a param", .kind = OPTION_FLAG, .offset = FIELD(json) },
	{ .name = "params", .help = "list the params that the definition takes, and run no job",
	  .kind = OPTION_FLAG, .offset = FIELD(declares) },
	THROUGH,
};

static const struct command params_command = {
	.program = "mci-build",
	.verb = "--params",
	.operands = "[SCRIPT]",
	.summary = "list the params that a definition takes",
	.options = params_options,
	.noptions = sizeof(params_options) / sizeof(params_options[0]),
	.max_operands = 1,
	.complete = "files",
	.size = sizeof(struct build_options),
};

static const struct option why_options[] = {
	{ .letter = 'f', .name = "file", .value = "SCRIPT",
	  .help = "look at this script or document instead of looking for one", .kind = OPTION_TEXT,
	  .offset = FIELD(file) },
	{ .name = "json", .help = "one JSON object a job", .kind = OPTION_FLAG, .offset = FIELD(json) },
	{ .name = "since", .value = "REV", .help = "what when: path compares the files with",
	  .kind = OPTION_TEXT, .offset = FIELD(since), .project = true },
	{ .name = "why", .help = "say which jobs would run, and why, and run none",
	  .kind = OPTION_FLAG, .offset = FIELD(why) },
	FACTS,
	THROUGH,
};

static const struct command why_command = {
	.program = "mci-build",
	.verb = "--why",
	.operands = "[SCRIPT|-] [JOB...]",
	.summary = "say which jobs would run, and why",
	.options = why_options,
	.noptions = sizeof(why_options) / sizeof(why_options[0]),
	.max_operands = SIZE_MAX,
	.complete = "jobs",
	.size = sizeof(struct build_options),
};

static const struct command *const modes[] = { &command, &lint_command, &params_command, &why_command };

static bool
is_definition(const char *word)
{
	return strcmp(word, "-") == 0 || word[strcspn(word, "/=")] == '/';
}

/*
 * "-" or a first operand with a slash is the definition; NAME=VALUE, anywhere among them as for make, is
 * a param (no job's id has a '='), which goes into params behind those of -p; the others are jobs.
 */
static void
operands_sort(struct build_options *o, const char **params, int argc, char **argv)
{
	bool first = o->file == NULL;

	if (o->params.n > 0)
		memcpy(params, o->params.items, o->params.n * sizeof(*params));
	o->params.items = params;
	o->given = o->file;
	o->select.items = (const char **)(uintptr_t)argv;
	for (int i = 0; i < argc; i++) {
		if (first && is_definition(argv[i]))
			o->given = argv[i];
		else if (strchr(argv[i], '=') != NULL)
			params[o->params.n++] = argv[i];
		else
			o->select.items[o->select.n++] = argv[i];
		first = first && o->given == NULL && o->select.n == 0;
	}
}

static int
usage(const char *text)
{
	struct error e;

	error_set(&e, ERROR_USAGE, "%s", text);
	option_complain("mci-build", &e);
	return EXIT_BUILD_USAGE;
}

/* Room for the command line and one word more. */
static char **
words_copy(int argc, char **argv)
{
	char **words = xmalloc(((size_t)argc + 2) * sizeof(char *));

	memcpy(words, argv, (size_t)argc * sizeof(char *));
	return words;
}

/*
 * The same command line for one build. The last value of a flag counts, so that it does not matter whether an
 * option, a variable or a file said to watch. At the end, or at the "--" behind which there are only
 * operands, no option waits for its value.
 */
static void
words_without_watch(char **words, int argc, int operands)
{
	static char off[] = "--watch=false";
	int behind = option_common.before_dashes < 0 ? 0 : operands - option_common.before_dashes + 1;
	char **at = words + argc - behind;

	memmove(at + 1, at, (size_t)behind * sizeof(char *));
	*at = off;
}

static int
definition_lint(const struct definition *d, void *arg, struct error *e)
{
	const struct build_options *o = arg;
	const struct facts_source of = { .project = d->project, .given = o->facts };
	struct facts facts = { 0 };
	size_t jobs;
	int result;

	facts_export(&facts, &of, NULL);
	result = lint_run(d, &o->through, stdout, o->json, &jobs, e);
	facts_free(&facts);

	if (result == 0 && jobs == 0 && !option_common.quiet)
		fprintf(stderr, "mci-build: %s: no jobs\n", d->name);
	return result;
}

static int
definition_watch(const struct definition *d, void *words, struct error *e)
{
	return watch_run(d->project, words, e);
}

static int
with_definition(const char *given, int (*use)(const struct definition *d, void *arg, struct error *e),
    void *arg)
{
	struct definition d = { 0 };
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	struct error e;
	int result = -1;

	if (cwd == NULL)
		error_sys(&e, "the current folder");
	else if (definition_find(&d, cwd, given, &e) == 0)
		result = use(&d, arg, &e);
	definition_free(&d);
	if (result < 0)
		option_complain("mci-build", &e);
	return result < 0 ? EXIT_BUILD_ERROR : result;
}

/* The file of -f and all operands, or the definition that is found. */
static int
lint_all(struct build_options *o, int argc, char **argv)
{
	int result = 0;

	if (o->file != NULL || argc == 0)
		result = with_definition(o->file, definition_lint, o);
	for (int i = 0; i < argc; i++) {
		int one = with_definition(argv[i], definition_lint, o);

		result = one > result ? one : result;
	}
	return result;
}

/*
 * A service: the option, else its variable; "" is none. What can be no address is said before anything is
 * run. The variable is what all that we start finds, so that a job's own commands reach what we do.
 */
static int
service_choose(const char **option, const char *name, const char *variable,
    char *(*absolute)(const char *text, struct error *e), struct error *e)
{
	const char *text = *option != NULL ? *option : getenv(variable);
	AUTO_FREE char *elsewhere = NULL;

	if (text == NULL || *text == '\0') {
		*option = NULL;
		unsetenv(variable);
		return 0;
	}
	elsewhere = absolute(text, e);
	if (elsewhere == NULL)
		return error_before(e, "--%s: ", name);
	*option = text;
	if (*elsewhere == '\0')
		return 0;
	if (setenv(variable, elsewhere, 1) < 0)
		return error_sys(e, "%s", variable);
	*option = getenv(variable);
	return 0;
}

/* The text, or NULL for one that was not given. */
static const char *
said(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* The revision from which a push came; one of zeros is none (githooks(5), post-receive). */
static const char *
base_of(const struct order *order)
{
	return order->base[strspn(order->base, "0")] != '\0' ? order->base : NULL;
}

/* What an order says comes before the configuration. Nobody watches, and people are asked elsewhere. */
static void
order_apply(struct build_options *o, struct order *order)
{
	const char **tags = xmalloc(sizeof(*tags));

	o->order = order;
	o->events = order->events;
	o->log = said(order->log);
	o->blob = said(order->blob);
	o->runner = said(order->runner);
	o->stranger = strcmp(order->trust, "stranger") == 0;
	o->no_cache = order->rerun.no_cache;
	o->since = base_of(order);
	if (order->jobs > 0)
		o->jobs = order->jobs;
	if (o->progress == NULL)
		o->progress = "none";
	if (o->blocked == NULL)
		o->blocked = "wait";
	o->log_dir = NULL;
	tags[0] = order->tag;
	o->facts = (struct facts_given){ said(order->event), said(order->branch), said(order->target),
		said(order->rev), { tags, order->tag[0] != '\0' }, { 0 }, true };
}

static int
run_ordered(struct build_options *o)
{
	struct order order;
	struct error e;
	int result;

	if (o->rev != NULL || o->staged || o->watch || o->plan || o->given != NULL || o->select.n > 0 ||
	    o->no_wait)
		return usage("--order says all about the build: leave the rest out");
	if (order_read(&order, o->order_at, &e) < 0) {
		option_complain("mci-build", &e);
		return e.code == ERROR_USAGE ? EXIT_BUILD_USAGE : EXIT_BUILD_ERROR;
	}
	order_apply(o, &order);
	if (isolation_check(&(struct isolation){ o->runner, o->stranger }, &e) < 0) {
		option_complain("mci-build", &e);
		result = EXIT_BUILD_ERROR;
	} else {
		result = build_run(o);
	}
	free(o->facts.tags.items);
	order_free(&order);
	return result;
}

/* The command line of a build that goes on: how it is to be shown now, and what was asked for then. */
static int
resume_become(const struct buildcommand *c, const struct state_build *b, char **words, int nwords,
    struct error *e)
{
	AUTO_FREE char *path = process_kit("mci-build");
	AUTO_FREE char **argv = xmalloc((c->n + (size_t)nwords + 3) * sizeof(*argv));
	size_t n = 0;

	for (int i = 0; i < nwords; i++)
		argv[n++] = words[i];
	argv[n++] = (char *)(uintptr_t)"--resume-at";
	argv[n++] = b->path;
	for (size_t i = 0; i < c->n; i++)
		argv[n++] = c->argv[i];
	argv[n] = NULL;
	process_become(path, argv);
	return error_sys(e, "mci-build");
}

static int
resume(const struct build_options *o, char **words, int nwords)
{
	AUTO_FREE char *project = state_project(".");
	struct buildcommand c = { 0 };
	struct state_build b;
	struct error e;

	if (state_build_find(&b, o->resume, project, &e) == 0 && buildcommand_read(&c, &b, &e) == 0 &&
	    buildcommand_enter(&c, &b, &e) == 0)
		(void)resume_become(&c, &b, words, nwords, &e);
	buildcommand_free(&c);
	state_build_free(&b);
	option_complain("mci-build", &e);
	return e.code == ERROR_NOT_FOUND ? EXIT_BUILD_USAGE : EXIT_BUILD_ERROR;
}

int
main(int argc, char **argv)
{
	struct build_options o = { .jobs = sysconf(_SC_NPROCESSORS_ONLN) };
	AUTO_FREE char **words = words_copy(argc, argv);
	int nwords = argc;
	AUTO_FREE const char **params = NULL;
	struct error e;

	standard_begin();
	option_parse_modes(modes, sizeof(modes) / sizeof(modes[0]), &argc, argv, &o);
	if (o.list_keys) {
		keys_print();
		return option_finish("mci-build", 0);
	}
	if (o.lint)
		return option_finish("mci-build", lint_all(&o, argc, argv));
	o.plan |= o.declares || o.why;
	if (o.declares && o.file == NULL && argc > 0) {
		o.file = argv[0];
		argc = 0;
	}
	if (o.resume != NULL && o.resume_at == NULL && argc > 0)
		return usage("--resume goes on with what was asked for: leave the operands out");
	if (o.resume != NULL && o.resume_at == NULL)
		return option_finish("mci-build", resume(&o, words, nwords));
	words_without_watch(words, nwords, argc);
	params = xmalloc((o.params.n + (size_t)argc) * sizeof(*params));
	operands_sort(&o, params, argc, argv);
	if (o.stop_at != NULL && strcmp(o.stop_at, "failed") != 0) {
		if (o.select.n > 0)
			return usage("--break JOB runs that job and what it depends on: leave the "
			    "operands out");
		o.select = (struct option_list){ &o.stop_at, 1 };
	}
	o.fail_fast |= o.stop_at != NULL;
	if (o.why) {
		/* all jobs are looked at, and what is left out of a plan is what is asked about */
		o.asked = o.select;
		o.select.n = 0;
		option_common.quiet = true;
	}
	if (value_grants_check(o.env.items, o.env.n, &e) == 0 && o.order_at != NULL)
		return option_finish("mci-build", run_ordered(&o));
	if (o.sandbox)
		o.runner = "sandbox";
	if (value_grants_check(o.env.items, o.env.n, &e) < 0 ||
	    (o.runner != NULL && runners_find(o.runner, &e) == NULL) ||
	    service_choose(&o.events, "events", "MCI_EVENTS", address_elsewhere, &e) < 0 ||
	    service_choose(&o.log, "log", "MCI_LOG", address_elsewhere, &e) < 0 ||
	    service_choose(&o.blob, "blob", "MCI_BLOB", address_store_elsewhere, &e) < 0) {
		option_complain("mci-build", &e);
		return EXIT_BUILD_USAGE;
	}
	if (!o.plan && facts_are_given(&o.facts))
		return usage("--event, --branch, --tag, --target and --changed are for trying conditions, "
		    "with --plan, --lint or --why: a build that runs has the facts of what is built");
	if (o.from != NULL && o.reuse == NULL)
		return usage("--from goes with --reuse");
	if (o.rev != NULL && o.staged)
		return usage("--rev and --staged are two different checkouts");
	if (o.watch && (o.rev != NULL || o.staged))
		return usage("--watch looks at the work tree, which --rev and --staged do not build");
	if (o.watch && o.given != NULL && strcmp(o.given, "-") == 0)
		return usage("--watch builds again, and standard input can be read but once");
	if (o.watch)
		return option_finish("mci-build", with_definition(o.given, definition_watch, words));
	return option_finish("mci-build", build_run(&o));
}
