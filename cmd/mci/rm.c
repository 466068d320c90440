#include <stdio.h>

#include "place.h"
#include "removal.h"
#include "verbs.h"

struct options {
	bool dry, force;
};

static const struct option options[] = {
	{ .letter = 'n', .name = "dry-run", .help = "only say what would be removed",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, dry) },
	{ .letter = 'f', .name = "force", .help = "also a build's folder that is kept elsewhere",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, force) },
};

static int
remove_build(const char *text, const struct options *o, struct error *e)
{
	struct state_build b;
	int result = place_build(&b, text, e);

	if (result == 0 && place_here(&b, e) < 0)
		result = -1;
	else if (result == 0 && o->dry && state_build_running(&b))
		result = error_set(e, ERROR_BUSY, "%s is running", b.name);
	else if (result == 0)
		result = o->dry ? removal_check(&b, o->force, e) : removal_build(&b, o->force, e);
	if (result == 0 && o->dry)
		printf("%s would be removed\n", b.name);
	else if (result == 0 && !option_common.quiet)
		printf("%s removed\n", b.name);
	state_build_free(&b);
	return result;
}

/* What can be removed is; the status is that of the last one that cannot. */
static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct error e;
	int status = 0;

	for (int i = 0; i < argc; i++) {
		if (remove_build(argv[i], o, &e) < 0)
			status = place_complain(&e);
	}
	return status;
}

const struct command rm_command = {
	.program = "mci",
	.verb = "rm",
	.operands = "BUILD...",
	.summary = "remove builds with their logs",
	.also = "remove delete",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.complete = "builds",
	.run = run,
	.size = sizeof(struct options),
};
