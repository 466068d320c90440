#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "build.h"
#include "config.h"
#include "lint.h"
#include "memory.h"
#include "process.h"
#include "watch.h"

#define FIELD(name) offsetof(struct build_options, name)

static const struct option options[] = {
	{ 'f', "file", "SCRIPT", "build this script or document instead of looking for one", OPTION_TEXT,
	    FIELD(file), 0, 0, NULL },
	{ 'j', "jobs", "N", "run at most N jobs at once (default: the number of CPUs)", OPTION_NUMBER,
	    FIELD(jobs), 1, 4096, NULL },
	{ 0, "progress", "FORMAT", "tree on stderr, plain lines, json events, or none", OPTION_CHOICE,
	    FIELD(progress), 0, 0, "tree|plain|json|none" },
	{ 0, "json", NULL, "the same as --progress json", OPTION_FLAG, FIELD(json), 0, 0, NULL },
	{ 'n', "plan", NULL, "print the specs that would run, and run nothing", OPTION_FLAG, FIELD(plan), 0,
	    0, NULL },
	{ 0, "lint", NULL, "check the definition without running anything", OPTION_FLAG, FIELD(lint), 0, 0,
	    NULL },
	{ 0, "fail-fast", NULL, "start nothing more once a job has failed", OPTION_FLAG, FIELD(fail_fast), 0,
	    0, NULL },
	{ 0, "skip", "JOB", "leave this job out; what depends on it runs", OPTION_LIST, FIELD(skip), 0, 0,
	    "jobs" },
	{ 0, "label", "K=V", "run the jobs with this label, and what they depend on", OPTION_LIST,
	    FIELD(labels), 0, 0, NULL },
	{ 0, "no-deps", NULL, "run only what was asked for, not what it depends on", OPTION_FLAG,
	    FIELD(no_deps), 0, 0, NULL },
	{ 'p', "param", "K=V", "give the build a param", OPTION_LIST, FIELD(params), 0, 0, NULL },
	{ 0, "param-file", "FILE", "read params from lines K=V", OPTION_TEXT, FIELD(param_file), 0, 0, NULL },
	{ 0, "secret", "NAME", "give this variable to the jobs that name it, and mask its value", OPTION_LIST,
	    FIELD(secrets), 0, 0, NULL },
	{ 0, "secret-file", "[NAME=]FILE", "the same with what a file holds", OPTION_LIST,
	    FIELD(secret_files), 0, 0, NULL },
	{ 'e', "env", "NAME[=VALUE]", "pass a variable to the script and its jobs", OPTION_LIST, FIELD(env),
	    0, 0, NULL },
	{ 0, "rev", "REV", "build a clean checkout of this revision", OPTION_TEXT, FIELD(rev), 0, 0, NULL },
	{ 0, "staged", NULL, "build a clean checkout of what is staged", OPTION_FLAG, FIELD(staged), 0, 0,
	    NULL },
	{ 0, "since", "REV", "what when: path compares the files with", OPTION_TEXT, FIELD(since), 0, 0,
	    NULL },
	{ 0, "timeout", "DURATION", "cancel the build after this long; exit 124", OPTION_DURATION,
	    FIELD(timeout), 0, 0, NULL },
	{ 0, "runner", "NAME", "where jobs run: host", OPTION_TEXT, FIELD(runner), 0, 0, NULL },
	{ 0, "watch", NULL, "build again whenever files change", OPTION_FLAG, FIELD(watch), 0, 0, NULL },
	{ 0, "log", "ADDRESS", "let this log server keep the jobs' logs (default: $MCI_LOG)", OPTION_TEXT,
	    FIELD(log), 0, 0, NULL },
	{ 0, "events", "ADDRESS", "publish the build's events at this hub (or MCI_EVENTS)", OPTION_TEXT,
	    FIELD(events), 0, 0, NULL },
	{ 0, "log-dir", "DIR", "keep the jobs' logs in this folder", OPTION_TEXT, FIELD(log_dir), 0, 0,
	    NULL },
};

static const struct command command = {
	.program = "mci-build",
	.operands = "[SCRIPT|-] [JOB...]",
	.summary = "run one build: the jobs that a script or a file describes",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = SIZE_MAX,
	.complete = "jobs",
	.size = sizeof(struct build_options),
};

/* "-" or a first operand with a slash is the definition; the others are jobs. */
static void
operands_sort(struct build_options *o, int argc, char **argv)
{
	int first = 0;

	o->given = o->file;
	if (o->given == NULL && argc > 0 &&
	    (strcmp(argv[0], "-") == 0 || strchr(argv[0], '/') != NULL))
		o->given = argv[first++];
	o->select.items = (const char **)(uintptr_t)(argv + first);
	o->select.n = (size_t)(argc - first);
}

static int
usage(const char *text)
{
	struct error e;

	error_set(&e, ERROR_USAGE, "%s", text);
	option_complain("mci-build", &e);
	return EXIT_BUILD_USAGE;
}

/* The command line again, without --watch. */
static char **
words_without_watch(int argc, char **argv)
{
	char **words = xmalloc(((size_t)argc + 1) * sizeof(char *));
	size_t n = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--watch") != 0)
			words[n++] = argv[i];
	}
	return words;
}

static int
with_definition(const struct build_options *o, char **words)
{
	struct definition d = { 0 };
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	struct error e;
	int result;

	if (cwd == NULL || definition_find(&d, cwd, o->given, &e) < 0) {
		option_complain("mci-build", &e);
		return EXIT_BUILD_ERROR;
	}
	result = o->lint ? lint_run(&d, stdout, o->json, &e) : watch_run(d.project, words, &e);
	definition_free(&d);
	if (result < 0) {
		option_complain("mci-build", &e);
		return EXIT_BUILD_ERROR;
	}
	return result;
}

/* --events, else $MCI_EVENTS; "" is none. What can be no address is said before anything is run. */
static int
events_choose(struct build_options *o, struct error *e)
{
	struct address a;

	if (o->events == NULL)
		o->events = getenv("MCI_EVENTS");
	if (o->events == NULL || *o->events == '\0') {
		o->events = NULL;
		return 0;
	}
	if (address_parse(&a, o->events, e) < 0)
		return error_before(e, "--events: ");
	address_free(&a);
	return 0;
}

int
main(int argc, char **argv)
{
	struct build_options o = { .jobs = sysconf(_SC_NPROCESSORS_ONLN) };
	AUTO_FREE char **words = words_without_watch(argc, argv);
	struct error e;

	process_begin();
	option_parse(&command, &argc, argv, &o);
	operands_sort(&o, argc, argv);
	if (events_choose(&o, &e) < 0) {
		option_complain("mci-build", &e);
		return EXIT_BUILD_USAGE;
	}
	if (o.rev != NULL && o.staged)
		return usage("--rev and --staged are two different checkouts");
	if (o.watch && (o.rev != NULL || o.staged))
		return usage("--watch looks at the work tree, which --rev and --staged do not build");
	if (o.watch && o.given != NULL && strcmp(o.given, "-") == 0)
		return usage("--watch builds again, and standard input can be read but once");
	if (o.lint || o.watch)
		return option_finish("mci-build", with_definition(&o, words));
	return option_finish("mci-build", build_run(&o));
}
