/* The verbs rotate and rebuild, which a running store does. */
#include <stdio.h>
#include <stdlib.h>

#include "asking.h"
#include "memory.h"
#include "option.h"
#include "verbs.h"

struct options {
	const char *address;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the store", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
};

static int
ask(const struct options *o, const char *method, const json_t *params)
{
	struct error e;
	AUTO_FREE char *address = asking_address(o->address, &e);
	json_auto_t *result = address == NULL ? NULL : asking_call(address, method, params, &e);

	return result == NULL ? asking_complain(&e) : 0;
}

static int
rotate_run(void *arg, int argc, char **argv)
{
	json_auto_t *params = argc > 0 ? json_pack("{s:s}", "org", argv[0]) : json_object();

	return ask(arg, "store/rotate", params);
}

static int
rebuild_run(void *arg, int argc, char **argv)
{
	json_auto_t *params = json_object();

	(void)argc;
	(void)argv;
	return ask(arg, "store/rebuild", params);
}

const struct command store_rotate_command = {
	.program = PROGRAM, .verb = "rotate", .operands = "[ORG]",
	.summary = "make a new master key, or new keys of an organisation", .options = options,
	.noptions = 1, .max_operands = 1, .run = rotate_run, .size = sizeof(struct options),
};

const struct command store_rebuild_command = {
	.program = PROGRAM, .verb = "rebuild",
	.summary = "make anew what is known of builds, from their events", .options = options,
	.noptions = 1, .run = rebuild_run, .size = sizeof(struct options),
};
