#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "place.h"
#include "table.h"
#include "verbs.h"

/* A hub answers in milliseconds; one that was stopped with ^Z does not answer at all. */
#define PATIENCE (10 * SECOND)

struct options {
	const char *address;
	bool json;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the hub", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
	{ .name = "json", .help = "all of it, as one JSON object", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

/* What is shown of the hub itself: a member of the result, and how it is called. */
static const struct {
	const char *member, *name;
} facts[] = {
	{ "tail", "newest offset" }, { "first", "oldest kept" }, { "synced", "on the disk up to" },
	{ "epoch", "epoch" }, { "bytes", "bytes" }, { "segments", "files" },
	{ "builds", "builds remembered" }, { "published", "taken in" }, { "repeats", "repeats" },
	{ "rate", "taken in a second" }, { "delivered-rate", "bytes given a second" },
	{ "uptime", "up for seconds" },
};

static void
show_facts(struct span result)
{
	static const char *const headings[] = { "HUB", "" };
	struct table t;

	table_open(&t, headings, 2);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		struct scan_value v;

		if (message_member(result.p, result.n, facts[i].member, &v, NULL) != 1)
			continue;
		table_text(&t, facts[i].name, NULL);
		table_cell(&t, v.raw, NULL);
	}
	table_close(&t);
}

/* A list's cell: the member's text, or "-" when it is not there. */
static void
member_cell(struct table *t, struct span object, const char *member)
{
	AUTO_BYTES text = { 0 };
	struct scan_value v;

	if (message_member(object.p, object.n, member, &v, NULL) != 1)
		bytes_char(&text, '-');
	else if (v.type != SCAN_STRING || scan_text(&v, &text, NULL) < 0)
		bytes_add(&text, v.raw.p, v.raw.n);
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

static void
show_list(struct span result, const char *member, const char *const *headings,
    const char *const *columns, size_t n)
{
	struct scan_value list;
	struct scan s;
	struct scan_member m;
	struct table t;

	if (message_member(result.p, result.n, member, &list, NULL) != 1 ||
	    scan_open(&s, list.raw.p, list.raw.n, NULL) < 0 || list.raw.n <= 2)
		return;
	putchar('\n');
	table_open(&t, headings, n);
	while (scan_next(&s, &m, NULL) > 0) {
		for (size_t i = 0; i < n; i++)
			member_cell(&t, m.value.raw, columns[i]);
	}
	table_close(&t);
}

static void
show(struct span result)
{
	static const char *const readers[] = { "SUBSCRIBER", "DURABLE", "NEXT", "LAG", "BYTES" };
	static const char *const reader_members[] = { "pid", "durable", "offset", "lag", "bytes" };
	static const char *const names[] = { "DURABLE", "NEXT", "LAG", "CONNECTED" };
	static const char *const name_members[] = { "name", "offset", "lag", "connected" };

	show_facts(result);
	show_list(result, "subscribers", readers, reader_members, 5);
	show_list(result, "durables", names, name_members, 4);
}

static int
status(const struct options *o, struct error *e)
{
	AUTO_FREE char *address = place_address(o->address, e);
	AUTO_BYTES result = { 0 };

	if (address == NULL ||
	    call_once(address, "event/status", (struct span){ NULL, 0 }, PATIENCE, &result, e) < 0)
		return -1;
	if (o->json)
		printf("%s\n", bytes_string(&result));
	else
		show((struct span){ result.data, result.len });
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e;

	(void)argc;
	(void)argv;
	return status(arg, &e) < 0 ? place_complain(&e) : 0;
}

const struct command events_status_command = {
	.program = "mci-events", .verb = "status",
	.summary = "show the hub's log, its rates and its subscribers", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .run = run, .size = sizeof(struct options),
};
