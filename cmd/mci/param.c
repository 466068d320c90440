#include <stdio.h>
#include <string.h>

#include "door.h"
#include "emit.h"
#include "place.h"
#include "verbs.h"

struct options {
	const char *address;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS",
	  .help = "the build; that of this job by default", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
};

static int
param_get(const char *address, const char *name, struct error *e)
{
	AUTO_BYTES params = { 0 };
	AUTO_BYTES result = { 0 };
	AUTO_BYTES value = { 0 };

	emit_open(&params);
	emit_text(&params, "name", name);
	bytes_char(&params, '}');
	if (door_call(address, "param/get", (struct span){ params.data, params.len }, &result, e) < 0 ||
	    door_member(&value, (struct span){ result.data, result.len }, "value", e) < 0)
		return -1;
	bytes_char(&value, '\n');
	fwrite(value.data, 1, value.len, stdout);
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct error e;

	(void)argc;
	if (strcmp(argv[0], "get") != 0) {
		error_set(&e, ERROR_USAGE, "param %s: expected param get NAME", argv[0]);
		return place_complain(&e);
	}
	return param_get(o->address, argv[1], &e) < 0 ? place_complain(&e) : 0;
}

const struct command param_command = {
	.program = "mci",
	.verb = "param",
	.operands = "get NAME",
	.summary = "in a job: print a param; on a server: ls, put, rm",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
	.size = sizeof(struct options),
};
