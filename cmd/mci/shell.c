#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fold.h"
#include "kernel.h"
#include "memory.h"
#include "place.h"
#include "process.h"
#include "spec.h"
#include "textfile.h"
#include "verbs.h"

#define PLAN_LIMIT (64 << 20) /* bytes of a plan */
#define ERROR_STATUS 125

struct options {
	const char *runner;
	struct option_list env;
};

static const struct option options[] = {
	{ .name = "runner", .value = "NAME", .help = "there instead of where the job ran",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, runner) },
	{ .letter = 'e', .name = "env", .value = "NAME[=VALUE]",
	  .help = "with this variable, such as one that holds a secret of the job", .kind = OPTION_LIST,
	  .offset = offsetof(struct options, env) },
};

/* The job's line in the plan, as what is to run instead of it: a shell at a terminal. */
static int
spec_find(struct bytes *into, const struct state_build *b, const char *job, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/plan.ndjson", b->path);
	static const enum spec_key not[] = { SPEC_SCRIPT, SPEC_FINALLY, SPEC_SHELL, SPEC_SHELL_PER,
		SPEC_SPLIT, SPEC_STDIN, SPEC_TIMEOUT, SPEC_QUIET_TIMEOUT, SPEC_SECRETS, SPEC_PARAMS };
	AUTO_BYTES plan = { 0 };
	struct textfile_lines lines;
	struct span line;

	if (textfile_read(&plan, path, PLAN_LIMIT, e) < 0)
		return -1;
	lines = (struct textfile_lines){ .rest = { plan.data, plan.len } };
	while (textfile_line(&lines, &line)) {
		char *argv[] = { NULL, (char *)(uintptr_t)"-i", NULL };
		struct spec s;

		if (spec_read(&s, line.p, line.n, 0, NULL) < 0)
			continue;
		if (strcmp(s.id, job) == 0) {
			argv[0] = s.shell != NULL ? s.shell : (char *)(uintptr_t)"sh";
			for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
				spec_set(&s, not[i], false);
			s.argv = argv;
			s.nargv = 2;
			s.pty = true;
			spec_set(&s, SPEC_ARGV, true);
			spec_set(&s, SPEC_PTY, true);
			spec_write(into, &s, true);
			return 0;
		}
		spec_free(&s);
	}
	return error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'", b->name, job);
}

/* Where the job ran, in which folder. */
static int
fold_read(struct fold *f, const struct state_build *b, struct error *e)
{
	AUTO_FREE char *events = xformat("%s/events.ndjson", b->path);

	fold_init(f);
	if (fold_file(f, events, e) < 0)
		return -1;
	if (f->dir == NULL)
		return error_set(e, ERROR_NOT_FOUND, "%s has not begun", b->name);
	return 0;
}

/* Becomes mci-job with that spec. */
static int
become(const struct options *o, const struct bytes *spec, const char *runner, struct error *e)
{
	AUTO_FREE char *program = process_kit("mci-job");
	AUTO_FREE const char **argv = xmalloc((10 + 2 * o->env.n) * sizeof(*argv));
	int fd = memfd_create("spec", MFD_CLOEXEC);
	AUTO_FREE char *number = xformat("%d", fd);
	size_t n = 0;

	if (fd < 0 || kernel_write_all(fd, spec->data, spec->len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(e, "a file in memory");
	argv[n++] = "mci-job";
	argv[n++] = "--no-settings";
	argv[n++] = "--interactive";
	argv[n++] = number;
	if (runner != NULL) {
		argv[n++] = "--runner";
		argv[n++] = runner;
	}
	/* names alone: a value on a command line can be seen by others */
	for (size_t i = 0; i < o->env.n; i++) {
		const char *value = strchr(o->env.items[i], '=');
		char *name = xmemdup(o->env.items[i], strcspn(o->env.items[i], "="));

		if (value != NULL)
			setenv(name, value + 1, 1);
		argv[n++] = "-e";
		argv[n++] = name;
	}
	argv[n++] = "--";
	argv[n++] = "sh";
	argv[n] = NULL;
	fcntl(fd, F_SETFD, 0);
	process_become(program, (char *const *)(uintptr_t)argv);
	return error_sys(e, "%s", program);
}

static int
shell(const struct options *o, const struct state_build *b, const char *job, struct error *e)
{
	AUTO_BYTES spec = { 0 };
	struct fold f;
	const struct fold_job *j;

	if (job == NULL)
		return error_set(e, ERROR_USAGE, "expected BUILD/JOB");
	if (!isatty(STDIN_FILENO))
		return error_set(e, ERROR_USAGE, "standard input is no terminal");
	if (fold_read(&f, b, e) < 0 || spec_find(&spec, b, job, e) < 0)
		return -1;
	if (chdir(f.dir) < 0)
		return error_sys(e, "%s, where %s worked", f.dir, b->name);
	setenv("MCI_BUILD_ID", b->name, 1);
	j = fold_find(&f, job, strlen(job));
	return become(o, &spec, o->runner != NULL ? o->runner : j == NULL ? NULL : j->runner, e);
}

static int
run(void *given, int argc, char **argv)
{
	struct state_build b;
	AUTO_FREE char *job = NULL;
	struct error e;
	int status = ERROR_STATUS;

	if (place_job(&b, &job, argc == 1 ? argv[0] : NULL, &e) < 0 || place_here(&b, &e) < 0 ||
	    shell(given, &b, job, &e) < 0)
		status = place_complain(&e);
	state_build_free(&b);
	return status;
}

const struct command shell_command = {
	.program = "mci",
	.verb = "shell",
	.operands = "BUILD/JOB",
	.summary = "open a shell where a job of a build ran, with its environment",
	.also = "debug attach",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = 1,
	.complete = "jobs",
	.run = run,
	.size = sizeof(struct options),
};
