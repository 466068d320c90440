#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "memory.h"
#include "message.h"
#include "scan.h"
#include "verbs.h"

struct options {
	const char *address;
	bool json;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the log server (default: $MCI_LOG)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, address) },
	{ .name = "json", .help = "the reply as it came", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

static int64_t
integer(struct span object, const char *key)
{
	struct scan_value v;
	int64_t n = 0;

	if (message_member(object.p, object.n, key, &v, NULL) == 1)
		(void)scan_integer(&v, 0, INT64_MAX, &n, NULL);
	return n;
}

static void
text(struct bytes *into, struct span object, const char *key)
{
	struct scan_value v;

	if (message_member(object.p, object.n, key, &v, NULL) == 1)
		(void)scan_text(&v, into, NULL);
}

/* NAME bytes bytes/s, one a line. */
static void
print_open(struct span logs)
{
	struct scan s;
	struct scan_member m;

	if (scan_open(&s, logs.p, logs.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		AUTO_BYTES name = { 0 };
		struct span job = { 0 };
		struct scan_value v;

		text(&name, m.value.raw, "build");
		if (message_member(m.value.raw.p, m.value.raw.n, "job", &v, NULL) == 1) {
			job = v.raw;
			bytes_char(&name, '/');
			text(&name, m.value.raw, "job");
		}
		if (job.n > 0 && integer(m.value.raw, "attempt") > 1)
			bytes_format(&name, "@%" PRId64, integer(m.value.raw, "attempt"));
		printf("open\t%s\t%" PRId64 "\t%" PRId64 "\n", bytes_string(&name),
		    integer(m.value.raw, "bytes"), integer(m.value.raw, "rate"));
	}
}

static void
print(struct span result)
{
	struct scan_value v;

	if (message_member(result.p, result.n, "open", &v, NULL) == 1)
		print_open(v.raw);
	printf("followers\t%" PRId64 "\nsent\t%" PRId64 "\nclosed\t%" PRId64 "\n",
	    integer(result, "followers"), integer(result, "bytes"), integer(result, "closed"));
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	const char *address = o->address != NULL ? o->address : getenv("MCI_LOG");
	AUTO_BYTES result = { 0 };
	struct error e;

	(void)argc;
	(void)argv;
	if (address == NULL)
		error_set(&e, ERROR_USAGE, "status needs -a ADDRESS or MCI_LOG");
	else if (call_once(address, "log/status", (struct span){ NULL, 0 }, -1, &result, &e) == 0) {
		struct span reply = { result.data, result.len };

		if (o->json)
			printf("%.*s\n", (int)reply.n, reply.p);
		else
			print(reply);
		return 0;
	}
	option_complain(PROGRAM, &e);
	return error_status(&e);
}

const struct command log_status_command = {
	.program = PROGRAM, .verb = "status", .summary = "what a log server does now",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct options),
};
