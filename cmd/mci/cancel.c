#include "door.h"
#include "emit.h"
#include "memory.h"
#include "place.h"
#include "verbs.h"

static int
cancel(const char *text, struct error *e)
{
	struct state_build b;
	AUTO_FREE char *job = NULL;
	AUTO_BYTES params = { 0 };
	int result = place_job(&b, &job, text, e);

	emit_open(&params);
	if (job != NULL)
		emit_text(&params, "job", job);
	bytes_char(&params, '}');
	if (result == 0)
		result = door_control(&b, "build/cancel", (struct span){ params.data, params.len }, e);
	state_build_free(&b);
	return result;
}

static int
run(void *options, int argc, char **argv)
{
	struct error e;

	(void)options;
	return cancel(argc == 1 ? argv[0] : NULL, &e) < 0 ? place_complain(&e) : 0;
}

const struct command cancel_command = {
	.program = "mci",
	.verb = "cancel",
	.operands = "[BUILD[/JOB]]",
	.summary = "cancel a running build, or one job of it",
	.also = "stop kill abort",
	.max_operands = 1,
	.complete = "jobs",
	.run = run,
};
