/*
 * The hub and the log server behind one address, over every transport: what is asked goes by its noun.
 *   oneaddress serve ADDRESS...   both, with fresh folders (children of the tests)
 */
#include <sys/stat.h>

#include "cmd/mci-events/methods.h"
#include "cmd/mci-log/methods.h"
#include "names.h"
#include "serve.h"
#include "tests/contract/ways.h"

/* The hub's answers come when its round is over, the log server's at once: each line of a table is
 * found somewhere in what came back. */
static const struct exchange exchanges[] = {
	{ true, "{\"type\":\"a/b\"}\n", "" },
	{ true, REQUEST("1", "event/publish", "{\"event\":{\"type\":\"a/b\"}}"),
	    REPLY("1", "{\"offset\":2,\"repeats\":0}") },
	{ true, REQUEST("2", "log/open", "{\"build\":\"o/r/1\",\"job\":\"a\"}"), REPLY("2", "{\"offset\":0}") },
	{ true, REQUEST("3", "log/append", "{\"build\":\"o/r/1\",\"job\":\"a\",\"offset\":0,\"data\":6}") "a\nb\n{\n",
	    REPLY("3", "{\"offset\":6}") },
	{ true, REQUEST("4", "event/publish", "{\"event\":{\"type\":\"a/b\"},\"sync\":\"disk\"}"),
	    REPLY("4", "{\"offset\":3,\"repeats\":0}") },
	{ true, REQUEST("5", "log/close", "{\"build\":\"o/r/1\",\"job\":\"a\"}"),
	    REPLY("5", "{\"bytes\":6,\"truncated\":false}") },
	/* refused by the one that it is for, its data skipped */
	{ true, REQUEST("6", "log/append", "{\"build\":\"o/r/1\",\"job\":\"b\",\"offset\":0,\"data\":2}") "x\n",
	    FAIL("6", "-32000", "nobody has opened that log to append to it") },
	{ true, REQUEST("7", "event/forget", "{\"name\":\"mail\"}"),
	    FAIL("7", "-32000", "there is no durable subscriber 'mail'") },
	/* of nobody here */
	{ ALONE, REQUEST("8", "param/get", "{\"name\":\"A\"}"),
	    FAIL("8", "-32601", "param/get: no method of the services events, log") },
	{ ALONE, REQUEST("9", "log/none", "{}"),
	    FAIL("9", "-32601", "log/none: no method of the services events, log") },
	{ true, REQUEST("10", "event/subscribe", "{\"from\":-1}"), FAIL("10", "-32602",
	    "from: expected now, start, an offset or a time: '-1' is not a number from 0 to "
	    "9223372036854775807") },
};
#define NEXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

struct both {
	struct hub_door door;
	struct log_server logs;
	char folder[32];
};

static void
tell(const char *text)
{
	fprintf(stderr, "hub: %s\n", text);
}

static void *
both_open(struct loop *loop)
{
	struct both *b = xmalloc(sizeof(*b));
	AUTO_FREE char *events = NULL;
	AUTO_FREE char *logs = NULL;
	struct error e;

	snprintf(b->folder, sizeof(b->folder), "/tmp/mci-both.XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		exit(1);
	events = xformat("%s/events", b->folder);
	logs = xformat("%s/logs", b->folder);
	mkdir(events, 0700);
	b->door.hub = hub_open(loop, &(struct hub_settings){ .folder = events, .segment_size = 4096,
	    .tell = tell }, &e);
	if (b->door.hub == NULL || log_server_open(&b->logs, loop, logs, NULL, SECOND, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	return b;
}

static void
both_add(struct server *s, void *both)
{
	struct both *b = both;

	if (server_add(s, &log_service, &b->logs, NULL) < 0)
		exit(1);
}

static void
both_close(void *both)
{
	struct both *b = both;

	hub_close(b->door.hub);
	log_server_close(&b->logs);
	(void)names_remove_tree(b->folder, NULL);
	free(b);
}

START_TEST(every_transport)
{
	says_each_line(&transports[_i], exchanges, NEXCHANGES);
}
END_TEST

/* server/status has what each of them answers to its own method. */
START_TEST(status_of_both)
{
	const struct transport *t = &transports[_i];
	AUTO_FREE char *back = t->converse(stub_span(REQUEST("1", "server/status", "{}")
	    REQUEST("2", "event/status", "{}") REQUEST("3", "log/status", "{}")));
	const char *second = strchr(back, '\n') + 1, *third = strchr(second, '\n') + 1;
	AUTO_FREE char *events = xformat("\"events\":%.*s", (int)(strchr(second, '\n') - 1 -
	    (strstr(second, "\"result\":") + 9)), strstr(second, "\"result\":") + 9);
	AUTO_FREE char *logs = xformat("\"log\":%.*s", (int)(strchr(third, '\n') - 1 -
	    (strstr(third, "\"result\":") + 9)), strstr(third, "\"result\":") + 9);

	ck_assert_msg(strstr(back, "{\"server\":{\"version\":") != NULL &&
	    strstr(back, events) != NULL && strstr(back, logs) != NULL, "%s: %s lacks\n%s\n%s", t->name,
	    back, events, logs);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("oneaddress");
	TCase *t = tcase_create("oneaddress");

	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	tcase_add_loop_test(t, every_transport, 0, NTRANSPORTS);
	tcase_add_loop_test(t, status_of_both, 0, NDIRECT);
	return s;
}

int
main(int argc, char **argv)
{
	drive_programs();
	driven = (struct driven){ &hub_service, both_open, both_close, both_add };
	serve_begin();
	return drive_main(argc, argv, suite);
}
