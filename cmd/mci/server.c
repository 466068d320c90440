/* The server of this machine, whose supervisor is asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "emit.h"
#include "folder.h"
#include "glance.h"
#include "memory.h"
#include "message.h"
#include "place.h"
#include "table.h"
#include "timestamp.h"
#include "verbs.h"

/* It answers in milliseconds, unless somebody stopped it. */
#define PATIENCE (10 * SECOND)
#define FOREVER (-1)

struct options {
	const char *address;
	bool json;
};

#define ADDRESS                                                                                    \
	{                                                                                          \
		.letter = 'a', .name = "address", .value = "ADDRESS",                              \
		.help = "the supervisor; of this user by default", .kind = OPTION_TEXT,            \
		.offset = offsetof(struct options, address)                                        \
	}

static const struct option options[] = { ADDRESS };

static const struct option status_options[] = {
	ADDRESS,
	{ .name = "json",
	    .help = "one JSON object a line",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, json) },
};

/* Calls the supervisor; *run is the folder of its sockets, when it is this user's. Caller frees
 * that. */
static int
ask(const struct options *o, const char *method, struct span params, int64_t patience,
    struct bytes *result, char **run, struct error *e)
{
	const char *known = o->address != NULL ? o->address : getenv("MCI_SUPERVISE");
	AUTO_FREE char *sockets = known != NULL ? NULL : folder_sockets(e);
	AUTO_FREE char *address = known != NULL ? xstrdup(known) :
	    sockets == NULL                     ? NULL :
						  xformat("unix:%s/supervise.sock", sockets);

	if (address == NULL)
		return -1;
	if (call_once(address, method, params, patience, result, e) < 0)
		return e->code != ERROR_DISCONNECTED || known != NULL ?
		    -1 :
		    error_set(e, ERROR_NOT_FOUND, "no server is up; 'mci up' starts one");
	if (run != NULL && sockets != NULL)
		*run = xstrdup(sockets);
	return 0;
}

/* The same about each part that is named. */
static int
ask_each(const struct options *o, const char *method, int argc, char **argv, struct error *e)
{
	for (int i = 0; i < argc; i++) {
		AUTO_BYTES params = { 0 };

		emit_open(&params);
		emit_text(&params, "part", argv[i]);
		bytes_char(&params, '}');
		if (ask(o, method, (struct span){ params.data, params.len }, FOREVER, NULL, NULL,
			e) < 0)
			return -1;
	}
	return 0;
}

static int
down(void *arg, int argc, char **argv)
{
	AUTO_FREE char *run = NULL;
	struct error e;
	int result;

	if (argc > 0)
		return ask_each(arg, "part/stop", argc, argv, &e) < 0 ? place_complain(&e) : 0;
	result = ask(arg, "part/down", (struct span){ NULL, 0 }, FOREVER, NULL, &run, &e);
	/* whoever starts it again at once finds nobody there */
	if (result == 0 && run != NULL)
		result = folder_await(run, &e);
	return result < 0 ? place_complain(&e) : 0;
}

/* A line for each part that changes. */
static void
print_changes(const struct bytes *reply)
{
	struct scan s, of;
	struct scan_member m, one;

	if (option_common.quiet || scan_open(&s, reply->data, reply->len, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		if (m.value.type != SCAN_ARRAY ||
		    scan_open(&of, m.value.raw.p, m.value.raw.n, NULL) < 0)
			continue;
		while (scan_next(&of, &one, NULL) > 0) {
			AUTO_BYTES name = { 0 };

			if (scan_text(&one.value, &name, NULL) == 0)
				printf("%.*s\t%s\n", (int)m.key.n, m.key.p, bytes_string(&name));
		}
	}
}

static int
reload(void *arg, int argc, char **argv)
{
	AUTO_BYTES reply = { 0 };
	struct error e;

	if (argc > 0)
		return ask_each(arg, "part/restart", argc, argv, &e) < 0 ? place_complain(&e) : 0;
	if (ask(arg, "part/reload", (struct span){ NULL, 0 }, PATIENCE, &reply, NULL, &e) < 0)
		return place_complain(&e);
	print_changes(&reply);
	return 0;
}

/* ---- status */

/* A member of a part as a text; "" when it has none of that name. */
static void
member_text(struct bytes *into, struct span part, const char *name)
{
	struct scan_value v;

	if (message_member(part.p, part.n, name, &v, NULL) != 1)
		return;
	if (v.type != SCAN_STRING || scan_text(&v, into, NULL) < 0)
		bytes_add(into, v.raw.p, v.raw.n);
}

static void
member_cell(struct table *t, struct span part, const char *name)
{
	AUTO_BYTES text = { 0 };

	member_text(&text, part, name);
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

/* "mail", "mail.2" */
static void
name_cell(struct table *t, struct span part)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES member = { 0 };

	member_text(&text, part, "part");
	member_text(&member, part, "member");
	if (member.len > 0)
		bytes_format(&text, ".%s", bytes_string(&member));
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

static void
since_cell(struct table *t, struct span part)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES shown = { 0 };
	int64_t ns;

	member_text(&text, part, "since");
	if (timestamp_parse(text.data, text.len, &ns, NULL) == 0)
		glance_time(&shown, ns, t->terminal);
	table_cell(t, (struct span){ shown.data, shown.len }, NULL);
}

static void
memory_cell(struct table *t, struct span part)
{
	AUTO_BYTES text = { 0 };
	AUTO_FREE char *people = NULL;

	member_text(&text, part, "memory");
	if (t->terminal && text.len > 0)
		people = xformat("%.1fM", (double)atoll(bytes_string(&text)) / (1024 * 1024));
	table_text(t, people != NULL ? people : bytes_string(&text), NULL);
}

static void
state_cell(struct table *t, struct span part)
{
	AUTO_BYTES text = { 0 };
	const char *state, *sgr = NULL;

	member_text(&text, part, "state");
	state = bytes_string(&text);
	if (strcmp(state, "failed") == 0)
		sgr = "31";
	else if (strcmp(state, "running") == 0 || strcmp(state, "done") == 0)
		sgr = "32";
	table_text(t, state, sgr);
}

static void
print_part(void *arg, struct span part)
{
	struct table *t = arg;

	name_cell(t, part);
	state_cell(t, part);
	member_cell(t, part, "ready");
	member_cell(t, part, "pid");
	since_cell(t, part);
	member_cell(t, part, "restarts");
	memory_cell(t, part);
	member_cell(t, part, "pipe");
	member_cell(t, part, "reason");
}

/* What one that failed has said last, for people. */
static void
print_lines(void *arg, struct span part)
{
	AUTO_BYTES name = { 0 };
	struct scan_value lines;
	struct scan s;
	struct scan_member m;

	(void)arg;
	if (message_member(part.p, part.n, "lines", &lines, NULL) != 1 ||
	    scan_open(&s, lines.raw.p, lines.raw.n, NULL) < 0)
		return;
	member_text(&name, part, "part");
	while (scan_next(&s, &m, NULL) > 0) {
		AUTO_BYTES line = { 0 };

		if (scan_text(&m.value, &line, NULL) == 0)
			printf("%s | %s\n", bytes_string(&name), bytes_string(&line));
	}
}

/* Calls print(arg, part) for each of a list. */
static void
for_each(struct span parts, void (*print)(void *arg, struct span part), void *arg)
{
	struct scan s;
	struct scan_member m;

	if (scan_open(&s, parts.p, parts.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0)
		print(arg, m.value.raw);
}

static void
print_json(void *arg, struct span part)
{
	(void)arg;
	printf("%.*s\n", (int)part.n, part.p);
}

static void
print_table(struct span parts)
{
	static const char *const headings[] = { "PART", "STATE", "READY", "PID", "SINCE",
		"RESTARTS", "MEMORY", "PIPE", "REASON" };
	struct table t;
	bool terminal;

	table_open(&t, headings, sizeof(headings) / sizeof(headings[0]));
	for_each(parts, print_part, &t);
	terminal = t.terminal;
	table_close(&t);
	if (terminal)
		for_each(parts, print_lines, NULL);
}

/* 0, or 75 when one of them is not ready. */
static int
print_parts(const struct options *o, const struct bytes *reply)
{
	struct scan_value parts, ready;

	if (message_member(reply->data, reply->len, "ready", &ready, NULL) != 1 ||
	    message_member(reply->data, reply->len, "parts", &parts, NULL) != 1)
		return 125;
	if (o->json)
		for_each(parts.raw, print_json, NULL);
	else if (!option_common.quiet)
		print_table(parts.raw);
	return ready.type == SCAN_TRUE ? 0 : 75;
}

static int
status(void *arg, int argc, char **argv)
{
	AUTO_BYTES reply = { 0 };
	struct error e;

	(void)argc;
	(void)argv;
	if (ask(arg, "part/status", (struct span){ NULL, 0 }, PATIENCE, &reply, NULL, &e) < 0)
		return place_complain(&e);
	return print_parts(arg, &reply);
}

const struct command down_command = {
	.program = "mci",
	.verb = "down",
	.operands = "[PART...]",
	.summary = "end the server, or parts of it",
	.also = "halt shutdown",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = SIZE_MAX,
	.run = down,
	.size = sizeof(struct options),
};

const struct command reload_command = {
	.program = "mci",
	.verb = "reload",
	.operands = "[PART...]",
	.summary = "read the server's wiring anew, or start parts of it again",
	.also = "restart",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = SIZE_MAX,
	.run = reload,
	.size = sizeof(struct options),
};

const struct command status_command = {
	.program = "mci",
	.verb = "status",
	.summary = "show the parts of the server",
	.also = "ps",
	.options = status_options,
	.noptions = sizeof(status_options) / sizeof(status_options[0]),
	.run = status,
	.size = sizeof(struct options),
};
