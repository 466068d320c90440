#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "emit.h"
#include "place.h"
#include "utf8.h"
#include "verbs.h"

struct options {
	const char *address;
	struct option_list after;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS",
	  .help = "the build; that of this job by default", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
	{ .name = "after", .value = "JOB", .help = "run it after JOB; may be given again",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, after) },
};

static int
params_write(struct bytes *b, const struct options *o, int argc, char **argv, struct error *e)
{
	const char *job = getenv("MCI_JOB_ID");

	for (int i = 0; i < argc; i++) {
		if (!utf8_valid(argv[i], strlen(argv[i])))
			return error_set(e, ERROR_USAGE, "word %d is not UTF-8", i + 1);
	}
	bytes_text(b, "{\"spec\":{");
	emit_text(b, "id", argv[0]);
	emit_list(b, "argv", (const char *const *)argv + 1, (size_t)argc - 1);
	if (o->after.n > 0)
		emit_list(b, "depends-on", o->after.items, o->after.n);
	bytes_char(b, '}');
	if (job != NULL)
		emit_text(b, "job", job);
	bytes_char(b, '}');
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	AUTO_BYTES params = { 0 };
	AUTO_BYTES result = { 0 };
	AUTO_BYTES id = { 0 };
	struct error e;

	if (params_write(&params, o, argc, argv, &e) < 0 ||
	    door_call(o->address, "job/add", (struct span){ params.data, params.len }, &result,
	    &e) < 0 ||
	    door_member(&id, (struct span){ result.data, result.len }, "id", &e) < 0)
		return place_complain(&e);
	if (!option_common.quiet)
		printf("%s\n", bytes_string(&id));
	return 0;
}

const struct command add_command = {
	.program = "mci",
	.verb = "add",
	.operands = "ID -- COMMAND...",
	.summary = "in a job: add a job to the build that runs",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 2,
	.max_operands = SIZE_MAX,
	.run = run,
	.size = sizeof(struct options),
};
