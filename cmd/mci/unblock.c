#include "door.h"
#include "emit.h"
#include "memory.h"
#include "place.h"
#include "verbs.h"

static int
unblock(const char *text, struct error *e)
{
	struct state_build b;
	AUTO_FREE char *job = NULL;
	AUTO_BYTES params = { 0 };
	int result = place_job(&b, &job, text, e);

	if (result == 0 && job == NULL)
		result = error_set(e, ERROR_USAGE, "'%s' is a build: expected BUILD/JOB", text);
	emit_open(&params);
	if (job != NULL)
		emit_text(&params, "job", job);
	bytes_char(&params, '}');
	if (result == 0)
		result = door_control(&b, "job/unblock", (struct span){ params.data, params.len }, e);
	state_build_free(&b);
	return result;
}

static int
run(void *options, int argc, char **argv)
{
	struct error e;

	(void)options;
	(void)argc;
	return unblock(argv[0], &e) < 0 ? place_complain(&e) : 0;
}

const struct command unblock_command = {
	.program = "mci",
	.verb = "unblock",
	.operands = "BUILD/JOB",
	.summary = "let a blocked job go on",
	.also = "approve",
	.min_operands = 1,
	.max_operands = 1,
	.complete = "jobs",
	.run = run,
};
