#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "moment.h"
#include "number.h"
#include "pairs.h"
#include "session.h"
#include "timestamp.h"
#include "verbs.h"

#define FIELD(name) offsetof(struct sub_options, name)

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the hub", .kind = OPTION_TEXT,
	  .offset = FIELD(address) },
	{ .name = "from", .value = "PLACE",
	  .help = "now (the default), start, an offset, a time, or 5m ago",
	  .kind = OPTION_TEXT, .offset = FIELD(from) },
	{ .name = "durable", .value = "NAME", .help = "go on where this subscriber has left off",
	  .kind = OPTION_TEXT, .offset = FIELD(durable) },
	{ .name = "build", .value = "PREFIX", .help = "only builds whose names begin so",
	  .kind = OPTION_TEXT, .offset = FIELD(build) },
	{ .name = "job", .value = "ID", .help = "only this job", .kind = OPTION_TEXT, .offset = FIELD(job),
	  .choices = "jobs" },
	{ .name = "where", .value = "K=V", .help = "only events with this member, or K:=JSON",
	  .kind = OPTION_LIST, .offset = FIELD(where) },
	{ .name = "synced", .help = "only what a power cut cannot take back", .kind = OPTION_FLAG,
	  .offset = FIELD(synced) },
	{ .name = "count", .value = "N", .help = "end after N events", .kind = OPTION_NUMBER,
	  .offset = FIELD(count), .min = 1, .max = INT64_MAX },
	{ .name = "timeout", .value = "DURATION", .help = "end after this time", .kind = OPTION_DURATION,
	  .offset = FIELD(timeout) },
	{ .name = "format", .value = "FORMAT", .help = "how events are written (mci)",
	  .kind = OPTION_CHOICE, .offset = FIELD(format), .choices = "mci|cloudevents|cdevents" },
	{ .name = "retry", .value = "N", .help = "try a COMMAND that fails N times again",
	  .kind = OPTION_NUMBER, .offset = FIELD(retry), .min = 1, .max = INT32_MAX },
};

/* --from as the hub reads it. */
static int
from_write(struct bytes *into, const char *text, struct error *e)
{
	int64_t number, ns;
	size_t n;

	if (text == NULL)
		text = "now";
	n = strlen(text);
	if (number_parse(text, n, 0, INT64_MAX, &number, NULL) == 0) {
		bytes_number(into, number);
	} else if (strcmp(text, "now") == 0 || strcmp(text, "start") == 0) {
		emit_string(into, text, n);
	} else if (moment_parse(text, kernel.wall(), &ns, e) < 0) {
		return error_before(e, "--from: expected now, start, an offset or a time: ");
	} else {
		bytes_char(into, '"');
		timestamp_write(into, ns);
		bytes_char(into, '"');
	}
	return 0;
}

static int
where_write(struct bytes *into, const struct option_list *where, struct error *e)
{
	emit_key(into, "where");
	emit_open(into);
	if (pairs_emit(into, (int)where->n, (char **)(uintptr_t)where->items, e) < 0)
		return error_before(e, "--where: ");
	bytes_char(into, '}');
	return 0;
}

/* The members of event/subscribe's params that stay the same. */
static int
params_write(struct bytes *into, const struct sub_options *o, const char *const *types, size_t n,
    struct error *e)
{
	if (o->durable != NULL)
		emit_text(into, "durable", o->durable);
	if (o->build != NULL)
		emit_text(into, "build", o->build);
	if (o->job != NULL)
		emit_text(into, "job", o->job);
	if (n > 0)
		emit_list(into, "types", types, n);
	return o->where.n > 0 ? where_write(into, &o->where, e) : 0;
}

static int
subscribe(const struct sub_options *o, int argc, char **argv, struct error *e)
{
	int types = option_common.before_dashes < 0 ? argc : option_common.before_dashes;
	AUTO_FREE char *address = serve_address(&hub_program, o->address, e);
	AUTO_BYTES params = { 0 }, from = { 0 };
	struct sub_plan plan = { .options = o, .address = address,
		.command = types < argc ? argv + types : NULL };

	if (address == NULL)
		return -1;
	if (option_common.before_dashes >= 0 && types == argc)
		return error_set(e, ERROR_USAGE, "-- stands before a command");
	if (o->retry > 0 && plan.command == NULL)
		return error_set(e, ERROR_USAGE, "--retry is for a command behind --");
	if (o->format != NULL && plan.command != NULL)
		return error_set(e, ERROR_USAGE, "--format is for standard output, not for a command");
	/* an object that is open already: emit_key looks at the byte before */
	bytes_char(&params, '{');
	if (params_write(&params, o, (const char *const *)argv, (size_t)types, e) < 0 ||
	    from_write(&from, o->from, e) < 0)
		return -1;
	plan.params = (struct span){ params.data + 1, params.len - 1 };
	plan.from = (struct span){ from.data, from.len };
	return session_run(&plan, e);
}

static int
run(void *arg, int argc, char **argv)
{
	const struct sub_options *o = arg;
	struct error e;
	int status = subscribe(o, argc, argv, &e);

	return status < 0 ? option_fail("mci-events", &e) : status;
}

const struct command events_sub_command = {
	.program = "mci-events", .verb = "sub", .operands = "[GLOB...] [-- COMMAND...]",
	.summary = "print the events of these types as they come", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .max_operands = SIZE_MAX, .run = run,
	.size = sizeof(struct sub_options),
};
