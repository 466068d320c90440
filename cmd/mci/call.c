#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	  .help = "the service; the build of this job by default", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
};

static int
print_line(void *arg, struct span line)
{
	(void)arg;
	fwrite(line.p, 1, line.n, stdout);
	putchar('\n');
	/* whoever reads a stream wants each line when it comes */
	return fflush(stdout) == 0 ? 0 : 125;
}

static int
call(const char *address, const char *name, struct span params, struct error *e)
{
	const struct contract_method *method = contract_any_method((struct span){ name, strlen(name) });
	AUTO_BYTES result = { 0 };

	if (method != NULL && method->stream)
		return call_stream(address, name, params, STDOUT_FILENO, print_line, NULL, e);
	if (door_call(address, name, params, &result, e) < 0)
		return -1;
	return print_line(NULL, (struct span){ result.data, result.len });
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	AUTO_BYTES params = { 0 };
	const char *address;
	struct error e;
	int status;

	emit_open(&params);
	if (pairs_emit(&params, argc - 1, argv + 1, &e) < 0)
		return place_complain(&e);
	bytes_char(&params, '}');
	address = door_address(o->address, &e);
	if (address == NULL)
		return place_complain(&e);
	status = call(address, argv[0], (struct span){ params.data, params.len }, &e);
	return status < 0 ? place_complain(&e) : status;
}

const struct command call_command = {
	.program = "mci",
	.verb = "call",
	.operands = "METHOD [K=V|K:=JSON]...",
	.summary = "call a method of a service and print its result",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run,
	.size = sizeof(struct options),
};
