/*
 * The contract suite: the same lines go to a service over every transport, and the same lines come back.
 *   transports              the stub behind every transport
 *   transports ADDRESS      what holds for every service on the build's rows, against a running one
 *   transports serve ADDRESS...   the stub itself (children of the tests)
 */
#include "tests/contract/ways.h"

static const char *real; /* the address of a running service to test instead */

/* general: any service on the build's rows answers so */
static const struct exchange exchanges[] = {
	/* a good one, a missing thing, ids of other kinds, no params at all, a notification */
	{ false, REQUEST("1", "param/get", "{\"name\":\"VERSION\"}"),
	    REPLY("1", "{\"value\":\"1.2.13\"}") },
	{ true, REQUEST("2", "param/get", "{\"name\":\"no such param\"}"),
	    FAIL("2", "-32000", "there is no param 'no such param'") },
	{ false, REQUEST("\"a \\u00e9 \\\"b\\\"\"", "param/get", "{\"name\":\"VERSION\"}"),
	    REPLY("\"a \\u00e9 \\\"b\\\"\"", "{\"value\":\"1.2.13\"}") },
	{ false, REQUEST("-7.5e1", "output/set", "{\"job\":\"a\",\"name\":\"b\",\"value\":\"\"}"),
	    REPLY("-7.5e1", "{}") },
	{ false, "{\"jsonrpc\":\"2.0\",\"method\":\"build/get\",\"id\":3}\n",
	    REPLY("3", "{\"id\":\"local/stub/0\",\"status\":\"running\",\"folder\":\"/stub\","
	    "\"dir\":\"/dropped/0\"}") },
	{ false, "{\"jsonrpc\":\"2.0\",\"method\":\"event/post\",\"params\":{\"type\":\"a/b\"}}\n", "" },
	/* methods and params that are not in the contract */
	{ true, REQUEST("4", "param/put", "{}"),
	    FAIL("4", "-32601", "param/put: no method of the service build") },
	{ true, REQUEST("5", "build/cancel", "{}"),
	    FAIL("5", "-32601", "build/cancel: no method of the service build") },
	{ true, REQUEST("6", "param/get", "{}"),
	    FAIL("6", "-32602", "param/get: parameter name is missing (of the parameter)") },
	{ true, REQUEST("7", "param/get", "{\"name\":1}"),
	    FAIL("7", "-32602", "param/get: parameter name: expected a string, found a number") },
	{ true, REQUEST("8", "param/get", "{\"name\":\"A\",\"nam\":\"B\"}"),
	    FAIL("8", "-32602", "param/get: unknown parameter nam") },
	{ true, REQUEST("9", "param/get", "{\"name\":\"A\",\"name\":\"B\"}"),
	    FAIL("9", "-32602", "param/get: parameter name comes twice") },
	{ true, REQUEST("10", "param/get", "[\"VERSION\"]"),
	    FAIL("10", "-32602", "param/get: params: expected an object") },
	{ true, REQUEST("11", "param/get", "{\"name\":\"a\\u0000b\"}"),
	    FAIL("11", "-32602", "param/get: parameter name: a string may not hold U+0000") },
	{ true, REQUEST("12", "job/add", "{\"spec\":\"make\"}"),
	    FAIL("12", "-32602", "job/add: parameter spec: expected an object, found a string") },
	{ true, REQUEST("13", "event/subscribe", "{\"from\":\"now\"}"),
	    FAIL("13", "-32602", "event/subscribe: parameter from: expected a number, found a string") },
	/* lines that are no messages: the connection goes on behind each */
	{ true, "make all\n", COMPLAINT("not-json",
	    "not JSON: an object was expected at byte 1") },
	{ true, "\n", COMPLAINT("not-json", "not JSON: nothing there at byte 1") },
	{ true, "[]\n", COMPLAINT("invalid-request", "expected a JSON object, found an array") },
	{ true, "{\"id\":\"a\",\"script\":[\"true\"]}\n", COMPLAINT("invalid-request",
	    "expected a request or an event, found a spec") },
	{ true, REPLY("18", "{}"), COMPLAINT("invalid-request",
	    "expected a request or an event, found a reply") },
	{ true, "{\"jsonrpc\":\"2.0\",\"id\":19,\"method\":7}\n",
	    FAIL("19", "-32600", "method: expected a string, found a number") },
	{ true, "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"build/get\"}\n",
	    FAIL("null", "-32600", "id: expected a string or a number, found an array") },
	{ true, "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"build/get\"}\n",
	    FAIL("1", "-32600", "id: the key comes twice") },
	{ true, "{\"jsonrpc\":\"2.0\",\"method\":\"no/thing\"}\n", COMPLAINT("unknown-method",
	    "no/thing: no method of the service build") },
	/* events */
	{ false, "{\"type\":\"test/passed\",\"name\":\"x\"}\n", "" },
	{ false, "{\"type\":\"job/end\"}\n", COMPLAINT("refused",
	    "type: job/end is not yours to say") },
	{ true, "{\"type\":\"\"}\n", COMPLAINT("invalid-request",
	    "type: expected a name such as job/end, found an empty string") },
	{ true, "{\"type\":\"a/b\",\"type\":\"a/b\"}\n", COMPLAINT("invalid-request",
	    "type: the key comes twice") },
	/* a result over the bound, an answer that comes later than the next one's */
	{ false, REQUEST("20", "param/get", "{\"name\":\"LARGE\"}"),
	    FAIL("20", "-32001", "the reply has 1048624 bytes, a line may have 1048576") },
	{ false, REQUEST("21", "param/get", "{\"name\":\"VERSION\"}"),
	    REPLY("21", "{\"value\":\"1.2.13\"}") },
	{ false, REQUEST("22", "build/get", "{}"),
	    REPLY("22", "{\"id\":\"local/stub/2\",\"status\":\"running\",\"folder\":\"/stub\","
	    "\"dir\":\"/dropped/0\"}") },
};
#define NEXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

/* Fails with the first line that differs. */
static void
same_lines(const char *where, const char *back, const char *expected)
{
	size_t same = 0;

	if (strcmp(back, expected) == 0)
		return;
	for (size_t i = 0; back[i] != '\0' && back[i] == expected[i]; i++) {
		if (back[i] == '\n')
			same = i + 1;
	}
	ck_abort_msg("%s:\n%.300s\nexpected:\n%.300s", where, back + same, expected + same);
}

START_TEST(every_transport)
{
	const struct transport *t = &transports[_i];
	AUTO_BYTES say = { 0 };
	AUTO_BYTES expected = { 0 };
	AUTO_FREE char *back = NULL;
	unsigned line = dialogue(exchanges, NEXCHANGES, &say, &expected, false, false) + 2;

	/* the answer that comes last, and a line that the end of the stream cuts */
	bytes_text(&say, REQUEST("23", "param/get", "{\"name\":\"LATER\"}") "{\"jsonrpc\":");
	bytes_format(&expected, "{\"type\":\"error\",\"time\":\"T\",\"line\":%u,\"error\":\"not-json\","
	    "\"text\":\"the stream ended inside line %u: 11 bytes without a newline were dropped\"}\n",
	    line, line);
	bytes_text(&expected, REPLY("23", "{\"value\":\"in time\"}"));
	back = t->converse((struct span){ say.data, say.len });
	same_lines(t->name, back, bytes_string(&expected));
}
END_TEST

/* A line over the bound, in the middle of others. */
START_TEST(too_long)
{
	AUTO_BYTES say = { 0 };
	AUTO_FREE char *back = NULL;

	bytes_text(&say, exchanges[0].say);
	bytes_text(&say, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"");
	memset(bytes_reserve(&say, 3 * LINE_LIMIT), 'x', 3 * LINE_LIMIT);
	say.len += 3 * LINE_LIMIT;
	bytes_text(&say, "\"}\n");
	bytes_text(&say, exchanges[0].say);
	back = transports[_i].converse((struct span){ say.data, say.len });
	same_lines(transports[_i].name, back, REPLY("1", "{\"value\":\"1.2.13\"}")
	    "{\"type\":\"error\",\"time\":\"T\",\"line\":2,\"error\":\"not-json\","
	    "\"text\":\"the line is longer than 1048576 bytes\"}\n"
	    REPLY("1", "{\"value\":\"1.2.13\"}"));
}
END_TEST

/* More requests than may be open: reading waits, nothing is lost, the order of each kind is
 * kept. */
START_TEST(many_open)
{
	AUTO_BYTES say = { 0 };
	AUTO_FREE char *back = NULL;
	size_t lines = 0;

	for (int i = 1; i <= 1000; i++)
		bytes_format(&say, REQUEST("%d", "param/get", "{\"name\":\"LATER\"}"), i);
	back = transports[_i].converse((struct span){ say.data, say.len });
	for (const char *p = back; *p != '\0'; p = strchr(p, '\n') + 1) {
		AUTO_FREE char *expected = xformat(REPLY("%zu", "{\"value\":\"in time\"}"), ++lines);

		ck_assert_msg(strncmp(p, expected, strlen(expected)) == 0, "%s", p);
	}
	ck_assert_uint_eq(lines, 1000);
}
END_TEST

START_TEST(stream_with_an_end)
{
	AUTO_FREE char *back = transports[_i].converse(stub_span(
	    REQUEST("1", "event/subscribe", "{\"from\":0}")));

	ck_assert_str_eq(back, REPLY("1", "{}")
	    "{\"type\":\"note/made\",\"time\":\"T\"}\n{\"type\":\"note/made\",\"time\":\"T\"}\n"
	    "{\"type\":\"note/made\",\"time\":\"T\"}\n{\"type\":\"eof\",\"time\":\"T\"}\n");
}
END_TEST

/* A stream takes over only a connection on which nothing is open. */
START_TEST(stream_beside_a_call)
{
	AUTO_FREE char *back = transports[_i].converse(stub_span(
	    REQUEST("1", "param/get", "{\"name\":\"LATER\"}")
	    REQUEST("2", "event/subscribe", "{}")));

	ck_assert_str_eq(back, FAIL("2", "-32002",
	    "a stream needs a connection without open requests and unread replies")
	    REPLY("1", "{\"value\":\"in time\"}"));
}
END_TEST

START_TEST(real_service)
{
	AUTO_BYTES say = { 0 };
	AUTO_BYTES expected = { 0 };
	AUTO_FREE char *back = NULL;

	dialogue(exchanges, NEXCHANGES, &say, &expected, true, false);
	back = converse_at(real, (struct span){ say.data, say.len });
	same_lines(real, back, bytes_string(&expected));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("transports");
	TCase *t = tcase_create("transports");

	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	if (real != NULL) {
		tcase_add_test(t, real_service);
		return s;
	}
	tcase_add_loop_test(t, every_transport, 0, NDIRECT);
	tcase_add_loop_test(t, too_long, 0, NDIRECT);
	tcase_add_loop_test(t, many_open, 0, NDIRECT);
	tcase_add_loop_test(t, stream_with_an_end, 0, NDIRECT);
	tcase_add_loop_test(t, stream_beside_a_call, 0, NDIRECT);
	return s;
}

int
main(int argc, char **argv)
{
	real = argc == 2 ? argv[1] : NULL;
	return drive_main(argc, argv, suite);
}
