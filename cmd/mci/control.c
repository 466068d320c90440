#include "door.h"
#include "emit.h"
#include "memory.h"
#include "place.h"
#include "remote.h"
#include "verbs.h"

/* Asks the build that is named, at its control socket or at its server, about itself or a job of it. */
static int
control(const char *method, const char *text, bool job_only, struct error *e)
{
	struct state_build b;
	AUTO_FREE char *job = NULL;
	AUTO_BYTES params = { 0 };
	int result = place_job(&b, &job, text, e);

	if (result == 0 && job == NULL && job_only)
		result = error_set(e, ERROR_USAGE, "'%s' is a build: expected BUILD/JOB", text);
	emit_open(&params);
	if (result == 0 && remote_is(&b))
		emit_text(&params, "build", b.name);
	if (job != NULL)
		emit_text(&params, "job", job);
	bytes_char(&params, '}');
	if (result == 0 && remote_is(&b))
		result = remote_call(method, (struct span){ params.data, params.len }, NULL, e);
	else if (result == 0)
		result = door_control(&b, method, (struct span){ params.data, params.len }, e);
	state_build_free(&b);
	return result;
}

static int
cancel(void *options, int argc, char **argv)
{
	struct error e;

	(void)options;
	return control("build/cancel", argc == 1 ? argv[0] : NULL, false, &e) < 0 ? place_complain(&e) : 0;
}

static int
unblock(void *options, int argc, char **argv)
{
	struct error e;

	(void)options;
	(void)argc;
	return control("job/unblock", argv[0], true, &e) < 0 ? place_complain(&e) : 0;
}

const struct command cancel_command = {
	.program = "mci",
	.verb = "cancel",
	.operands = "[BUILD[/JOB]]",
	.summary = "cancel a running build, or one job of it",
	.also = "stop kill abort",
	.max_operands = 1,
	.complete = "jobs",
	.run = cancel,
};

const struct command unblock_command = {
	.program = "mci",
	.verb = "unblock",
	.operands = "BUILD/JOB",
	.summary = "let a blocked job go on",
	.also = "approve",
	.min_operands = 1,
	.max_operands = 1,
	.complete = "jobs",
	.run = unblock,
};
