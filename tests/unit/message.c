#include <check.h>
#include <string.h>

#include "message.h"

static const struct {
	const char *line;
	enum message_kind kind;
} good[] = {
	{ "{\"type\":\"job/end\",\"time\":\"2026-11-23T18:00:00.123Z\"}", MESSAGE_EVENT },
	{ "{\"type\":\"eof\"}", MESSAGE_EVENT },
	{ "{\"type\":\"a/b\",\"script\":[],\"x\":1,\"x\":2}", MESSAGE_EVENT },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a/b\"}", MESSAGE_REQUEST },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"a/b\",\"params\":{}}", MESSAGE_REQUEST },
	{ "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"a/b\",\"params\":[1]}", MESSAGE_REQUEST },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", MESSAGE_REPLY },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"\"}}", MESSAGE_REPLY },
	{ "{}", MESSAGE_SPEC },
	{ "{\"id\":\"unit\",\"script\":[\"make check\"]}", MESSAGE_SPEC },
};

static const struct {
	const char *line, *says;
} bad[] = {
	{ "", "nothing there" },
	{ "not json", "an object was expected" },
	{ "[]", "expected a JSON object" },
	{ "1", "an object was expected" },
	{ "{\"type\":1}", "type: expected a string, found a number" },
	{ "{\"type\":\"\"}", "type: expected a name" },
	{ "{\"type\":null}", "type: expected a string, found null" },
	{ "{\"type\":\"a/b\",\"time\":1}", "time: expected a string" },
	{ "{\"type\":\"a/b\",\"seq\":\"1\"}", "seq: expected a number" },
	{ "{\"type\":\"a/b\",\"seq\":0}", "seq: " },
	{ "{\"type\":\"a/b\",\"seq\":1.5}", "seq: " },
	{ "{\"type\":\"a/b\",\"run\":-1}", "run: " },
	{ "{\"type\":\"a/b\",\"job\":[]}", "job: expected a string, found an array" },
	{ "{\"type\":\"a/b\",\"build\":7}", "build: expected a string" },
	{ "{\"type\":\"a/b\",\"type\":\"a/b\"}", "type: the key comes twice" },
	{ "{\"type\":\"a/b\",\"time\":\"\",\"time\":\"\"}", "time: the key comes twice" },
	{ "{\"type\":\"a/b\",\"job\":\"a\",\"job\":\"a\"}", "job: the key comes twice" },
	{ "{\"type\":\"a/b\",\"seq\":1,\"seq\":1}", "seq: the key comes twice" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"a/b\"}", "id: the key comes twice" },
	{ "{\"jsonrpc\":\"2.0\"}", "expected a request with method or a reply" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"a/b\"}", "id: expected a string or a number" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"a/b\"}", "id: expected a string or a number" },
	{ "{\"jsonrpc\":\"2.0\",\"method\":{}}", "method: expected a string" },
	{ "{\"type\":\"a/b\"", "the line ends inside" },
	{ "{\"type\":\"a/b\"}}", "something behind" },
	{ "{\"type\":\"a/b\",\"x\":[1,{\"y\":}]}", "a value was expected" },
	{ "{\"type\":\"a/b\",\"x\":\"\xff\"}", "not UTF-8" },
};

START_TEST(kinds)
{
	struct message m;
	struct error e = { 0 };

	ck_assert_msg(message_read(&m, good[_i].line, strlen(good[_i].line), &e) == 0, "%s: %s",
	    good[_i].line, e.text);
	ck_assert_int_eq(m.kind, good[_i].kind);
}
END_TEST

START_TEST(refused)
{
	struct message m;
	struct error e = { 0 };

	ck_assert_msg(message_read(&m, bad[_i].line, strlen(bad[_i].line), &e) < 0, "accepted: %s",
	    bad[_i].line);
	ck_assert_msg(strstr(e.text, bad[_i].says) != NULL, "%s: %s", bad[_i].line, e.text);
}
END_TEST

START_TEST(fields)
{
	static const char line[] = " {\"seq\":17, \"type\":\"job/end\", \"time\":\"T\",\"build\":\"local/z/7\","
	    "\"run\":2,\"job\":\"unit\",\"exit\":2,\"nested\":{\"type\":\"no\",\"job\":\"no\"}}";
	static const char request[] = "{\"params\":{\"a\":[1]},\"method\":\"param/get\",\"id\":\"x\\n\","
	    "\"jsonrpc\":\"2.0\"}";
	struct message m;

	ck_assert_int_eq(message_read(&m, line, sizeof(line) - 1, NULL), 0);
	ck_assert(span_is(m.type, "job/end") && span_is(m.time, "T") && span_is(m.job, "unit"));
	ck_assert(span_is(m.build, "local/z/7") && span_is(m.line, line + 1));
	ck_assert_int_eq(m.seq, 17);
	ck_assert_int_eq(m.run, 2);
	ck_assert_int_eq(message_read(&m, request, sizeof(request) - 1, NULL), 0);
	ck_assert(span_is(m.method, "param/get") && span_is(m.id, "\"x\\n\""));
	ck_assert(span_is(m.params, "{\"a\":[1]}"));
}
END_TEST

START_TEST(blanks)
{
	const char line[] = " \t{\"type\":\"a/b\", \"x\": 1 } \r";
	struct message m;

	ck_assert_int_eq(message_read(&m, line, strlen(line), NULL), 0);
	ck_assert_msg(span_is(m.line, "{\"type\":\"a/b\", \"x\": 1 }"), "%.*s", (int)m.line.n, m.line.p);
}
END_TEST

START_TEST(member)
{
	static const char line[] = "{\"a\":1,\"b\":{\"c\":2},\"d\":\"x\"}";
	struct scan_value v;

	ck_assert_int_eq(message_member(line, sizeof(line) - 1, "b", &v, NULL), 1);
	ck_assert(span_is(v.raw, "{\"c\":2}"));
	ck_assert_int_eq(message_member(line, sizeof(line) - 1, "c", &v, NULL), 0);
	ck_assert_int_eq(message_member("{\"a\":1,", 7, "b", &v, NULL), -1);
}
END_TEST

/* What is no whole number from 0 counts as absent. */
START_TEST(integer)
{
	static const struct {
		const char *object;
		int64_t n;
	} cases[] = {
		{ "{\"n\":7}", 7 }, { "{\"n\":0}", 0 }, { "{\"a\":{\"n\":7}}", -1 },
		{ "{\"n\":9223372036854775807}", INT64_MAX }, { "{\"n\":9223372036854775808}", -1 },
		{ "{\"n\":-7}", -1 }, { "{\"n\":1.5}", -1 }, { "{\"n\":\"7\"}", -1 }, { "{\"n\":[7]}", -1 },
		{ "[7]", -1 }, { "", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span object = { cases[i].object, strlen(cases[i].object) };

		ck_assert_msg(message_integer(object, "n", -1) == cases[i].n, "%s", cases[i].object);
	}
}
END_TEST

START_TEST(offset)
{
	static const struct {
		const char *line;
		int64_t n;
	} cases[] = {
		{ "{\"offset\":7,\"type\":\"a/b\"}", 7 }, { "{\"offset\":123456789012345678}", 123456789012345678 },
		{ "{\"offset\":12345678901234567890123}", 123456789012345678 }, { "{\"offset\":17", 17 },
		{ "{\"offset\":", 0 }, { "{\"offset\":\"7\"}", 0 }, { "{\"type\":\"a/b\",\"offset\":7}", 0 },
		{ "{}", 0 }, { "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_int_eq(message_offset(cases[i].line, strlen(cases[i].line)), cases[i].n);
}
END_TEST

/* A spliced line is the same object with the members in front. */
START_TEST(splice)
{
	static const struct {
		const char *line, *spliced;
	} cases[] = {
		{ "{\"type\":\"a/b\"}", "{\"seq\":1,\"type\":\"a/b\"}\n" },
		{ "  { \"type\":\"a/b\"}", "{\"seq\":1,\"type\":\"a/b\"}\n" },
		{ "{}", "{\"seq\":1}\n" },
		{ "{ \t}", "{\"seq\":1}\n" },
		{ "{\"a\":{}} ", "{\"seq\":1,\"a\":{}} \n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_BYTES out = { 0 };
		struct message m;

		message_splice(&out, (struct span){ "\"seq\":1", 7 }, cases[i].line,
		    strlen(cases[i].line));
		ck_assert_str_eq(bytes_string(&out), cases[i].spliced);
		ck_assert_int_eq(message_read(&m, out.data, out.len - 1, NULL), 0);
		ck_assert_int_eq(m.seq, 1);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("message");
	TCase *t = tcase_create("message");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, kinds, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, fields);
	tcase_add_test(t, blanks);
	tcase_add_test(t, member);
	tcase_add_test(t, integer);
	tcase_add_test(t, offset);
	tcase_add_test(t, splice);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
