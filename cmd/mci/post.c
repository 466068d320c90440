#include <string.h>

#include "call.h"
#include "contract.h"
#include "door.h"
#include "emit.h"
#include "pairs.h"
#include "place.h"
#include "verbs.h"

struct options {
	const char *address;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS",
	  .help = "where to; the build of this job by default", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
};

static int
post(const char *given, const char *type, int argc, char **argv, struct error *e)
{
	AUTO_BYTES line = { 0 };
	const char *address;

	if (!contract_type_ok((struct span){ type, strlen(type) }))
		return error_set(e, ERROR_USAGE, "'%s' is no type such as deploy/done", type);
	emit_event(&line, type);
	if (pairs_emit(&line, argc, argv, e) < 0)
		return -1;
	emit_line(&line);
	address = door_address(given, e);
	if (address == NULL)
		return -1;
	return call_post(address, (struct span){ line.data, line.len }, e);
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct error e;

	return post(o->address, argv[0], argc - 1, argv + 1, &e) < 0 ? place_complain(&e) : 0;
}

const struct command post_command = {
	.program = "mci",
	.verb = "post",
	.operands = "TYPE [K=V|K:=JSON]...",
	.summary = "post an event to the build's stream",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run,
	.size = sizeof(struct options),
};
