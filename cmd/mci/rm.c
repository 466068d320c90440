#include <stdio.h>

#include "place.h"
#include "verbs.h"

struct options {
	bool dry;
};

static const struct option options[] = {
	{ .letter = 'n', .name = "dry-run", .help = "only say what would be removed",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, dry) },
};

static int
remove_build(const char *text, bool dry, struct error *e)
{
	struct state_build b;
	int result = place_build(&b, text, e);

	if (result == 0 && dry && state_build_running(&b))
		result = error_set(e, ERROR_BUSY, "%s is running", b.name);
	else if (result == 0 && !dry)
		result = state_build_remove(&b, e);
	if (result == 0 && dry)
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
		if (remove_build(argv[i], o->dry, &e) < 0)
			status = place_complain(&e);
	}
	return status;
}

const struct command rm_command = {
	.program = "mci",
	.verb = "rm",
	.operands = "BUILD...",
	.summary = "remove builds with their logs",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.complete = "builds",
	.run = run,
	.size = sizeof(struct options),
};
