#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "removal.h"
#include "build.h"
#include "verbs.h"

struct options {
	bool dry, force;
	struct build_where where;
};

static const struct option options[] = {
	{ .letter = 'n', .name = "dry-run", .help = "only say what would be removed",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, dry) },
	{ .letter = 'f', .name = "force", .help = "also of a build that is kept elsewhere",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, force) },
	BUILDS_WHERE(struct options, where),
};

static int
remove_source(const struct options *o, struct source *s, struct error *e)
{
	int there = source_open(s, e);
	int64_t size = source_size(s);

	source_close(s);
	/* one that cannot be opened is removed all the same: it may be damaged */
	if (there == 0)
		return 0;
	if (!o->dry && stored_remove(s->folders, s->stem, e) < 0)
		return error_before(e, "%s: ", s->name);
	if (o->dry || !option_common.quiet)
		printf("%s: %lld bytes %sremoved\n", s->name, (long long)size, o->dry ? "would be " : "");
	return 0;
}

static int
remove_build(const struct options *o, struct build *b, struct error *e)
{
	if (b->server != NULL)
		return error_set(e, ERROR_REFUSED, "%s is a server's: mci call -a %s log/remove build=%s",
		    b->folder.name, b->server, b->folder.name);
	if (state_build_running(&b->folder))
		return error_set(e, ERROR_BUSY, "%s is running", b->folder.name);
	if (!b->locks && removal_check(&b->folder, o->force, e) < 0)
		return -1;
	for (size_t i = 0; i < b->n && b->locks && b->events < 0; i++) {
		if (!b->sources[i]->ended)
			return error_set(e, ERROR_BUSY, "%s is being written", b->sources[i]->name);
	}
	for (size_t i = 0; i < b->n; i++) {
		/* only what is in the build's own folder: elsewhere other things stand beside it */
		if (b->folders.elsewhere != NULL && b->sources[i]->job != NULL)
			continue;
		if (remove_source(o, b->sources[i], e) < 0)
			return -1;
	}
	if (b->folders.elsewhere != NULL && (b->only != NULL || b->n > 1))
		return error_set(e, ERROR_REFUSED, "%s: the jobs' logs are in %s, and left there",
		    b->folder.name, b->folders.elsewhere);
	if (b->fold.log == NULL || (b->only == NULL && b->n < 2))
		return 0;
	return error_set(e, ERROR_REFUSED, "%s: the jobs' logs are kept by the log server %s: mci call -a %s "
	    "log/remove build=%s", b->folder.name, b->fold.log, b->fold.log, b->folder.name);
}

/* What can be removed is; the status is that of the last one that cannot. */
static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	int status = 0;

	for (int i = 0; i < argc; i++) {
		struct builds builds;
		struct error e;
		int result = builds_open(&builds, 1, argv + i, 0, &o->where, &e);

		if (result == 0) {
			builds.all[0].prefix = true;
			if (!build_tells(&builds.all[0]) && !builds.all[0].run_named)
				builds.all[0].run = 0;
			result = builds_read(&builds, &e);
		}
		if (result == 0)
			result = remove_build(o, &builds.all[0], &e);
		if (result < 0) {
			option_complain(PROGRAM, &e);
			status = error_status(&e);
		}
		builds_close(&builds);
	}
	return option_finish(PROGRAM, status);
}

const struct command log_rm_command = {
	.program = PROGRAM, .verb = "rm", .operands = "BUILD[/JOB]...",
	.summary = "remove logs, not what is known of the builds", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .min_operands = 1, .max_operands = SIZE_MAX,
	.complete = "jobs", .run = run, .size = sizeof(struct options),
};
