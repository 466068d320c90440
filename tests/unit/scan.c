#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"

/* A text with zero bytes in it needs its length. */
#define T(text) { text, sizeof(text) - 1 }

/* RFC 8259, the corner cases of its grammar (sections 2 to 8). */
static const struct span good[] = {
	T("{}"), T("[]"), T("\"\""), T("0"), T("true"), T("false"), T("null"),
	T(" \t\r\n{ } \t\r\n"), T(" [ ] "), T("[[],{}]"), T("[[[[[]]]]]"),
	T("{\"\":0}"), T("{\"a\":1,\"a\":2}"), T("{ \"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : null } }"),
	T("-0"), T("-1"), T("10"), T("0.0"), T("-0.5"), T("1e5"), T("1E5"), T("1e+5"), T("1e-5"), T("0e0"),
	T("1.25e-10"), T("123456789012345678901234567890"), T("1e400"),
	T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), T("\"\\u0000\""), T("\"\\u00e9\""), T("\"\\uABCD\""),
	T("\"\\ud83d\\ude00\""), T("\"\\uD83D\\uDE00\""), T("\"\\uFFFF\""), T("\"/\""), T("\"\x7f\""),
	T("\"\xc2\x80\""), T("\"\xdf\xbf\""), T("\"\xe0\xa0\x80\""), T("\"\xed\x9f\xbf\""),
	T("\"\xee\x80\x80\""), T("\"\xef\xbf\xbf\""), T("\"\xf0\x90\x80\x80\""),
	T("\"\xf4\x8f\xbf\xbf\""), T("\"\xef\xbb\xbf\""),
	T("[1,2,3]"), T("[\"a\",1,null,true,{},[]]"),
};

static const struct span bad[] = {
	T(""), T(" "), T("{"), T("}"), T("["), T("]"), T("[}"), T("{]"), T("{}}"), T("[]]"), T("{} {}"),
	T("1 2"), T("[1 2]"), T("[1,]"), T("[,1]"), T("[,]"), T("{,}"), T("[1,,2]"), T("{\"a\":1,}"),
	T("{\"a\"}"), T("{\"a\":}"), T("{\"a\",1}"), T("{\"a\" 1}"), T("{:1}"), T("{a:1}"), T("{'a':1}"),
	T("{1:1}"), T("{null:1}"), T("{\"a\":1 \"b\":2}"), T("[\"a\":1]"), T("{\"a\"::1}"),
	T("'a'"), T("a"), T("nul"), T("nulll"), T("True"), T("tru"), T("NaN"), T("Infinity"), T("-Infinity"),
	T("undefined"), T("//"), T("[1]//"), T("/**/1"), T("[1,#\n2]"),
	T("-"), T("+1"), T("01"), T("-01"), T("00"), T("1."), T(".5"), T("-.5"), T("1.e5"), T("1e"), T("1e+"),
	T("1e-"), T("0x10"), T("1_0"), T("1,0"), T("--1"), T("1.2.3"), T("1e5.5"), T("0e"), T("\xef\xbc\x91"),
	T("\""), T("\"a"), T("\"\\\""), T("\"\\x\""), T("\"\\'\""), T("\"\\0\""), T("\"\\U0041\""),
	T("\"\\u\""), T("\"\\u004\""), T("\"\\u00g0\""), T("\"\\u 041\""), T("\"\\\0\""),
	T("\"\\ud800\""), T("\"\\udc00\""), T("\"\\ud800x\""), T("\"\\ud800\\n\""),
	T("\"\\ud800\\u0041\""), T("\"\\ud800\\ud800\""), T("\"\\ude00\\ud83d\""), T("\"\\ud83d\\ude0\""),
	T("\"\n\""), T("\"\t\""), T("\"\r\""), T("\"\0\""), T("\"\x1f\""), T("\0"), T("{}\0"), T("\0{}"),
	T("[1\0]"), T("1\0"), T("\f[]"), T("\v[]"), T("\xc2\xa0[]"),
	/* UTF-8: overlong forms, surrogates, beyond U+10FFFF, cut and stray bytes (RFC 3629) */
	T("\"\x80\""), T("\"\xbf\""), T("\"\xc0\x80\""), T("\"\xc0\xaf\""), T("\"\xc1\xbf\""),
	T("\"\xe0\x80\x80\""), T("\"\xe0\x9f\xbf\""), T("\"\xed\xa0\x80\""), T("\"\xed\xbf\xbf\""),
	T("\"\xf0\x80\x80\x80\""), T("\"\xf0\x8f\xbf\xbf\""), T("\"\xf4\x90\x80\x80\""),
	T("\"\xf5\x80\x80\x80\""), T("\"\xf8\x88\x80\x80\x80\""), T("\"\xfe\""), T("\"\xff\""),
	T("\"\xc2\""), T("\"\xe2\x82\""), T("\"\xf0\x9f\x98\""), T("\"\xc2"), T("\"\xf0\x9f\x98"),
	T("{\"\xff\":1}"), T("{\"\\ud800\":1}"), T("\xff"), T("[\"a\xc3\x28\"]"),
	T("\xef\xbb\xbf{}"), /* a byte order mark: section 8.1 forbids to add one */
};

/* A copy of exactly n bytes on the heap, so that a sanitizer sees a read behind it. */
static char *
exact(struct span text)
{
	char *copy = malloc(text.n == 0 ? 1 : text.n);

	memcpy(copy, text.p, text.n);
	return copy;
}

START_TEST(accepts)
{
	enum scan_type type;
	struct error e = { 0 };
	char *copy = exact(good[_i]);

	ck_assert_msg(scan_check(copy, good[_i].n, &type, &e) == 0, "%s: %s", good[_i].p, e.text);
	free(copy);
}
END_TEST

START_TEST(refuses)
{
	enum scan_type type;
	struct error e = { 0 };
	char *copy = exact(bad[_i]);

	ck_assert_msg(scan_check(copy, bad[_i].n, &type, &e) < 0, "accepted: %s", bad[_i].p);
	ck_assert_int_eq(e.code, ERROR_INPUT);
	ck_assert_ptr_nonnull(strstr(e.text, "byte "));
	free(copy);
}
END_TEST

/* The same grammar holds for what a walk skips. */
static int
walk(const char *text, size_t n)
{
	struct scan s;
	struct scan_member m;
	struct error e = { 0 };
	int got;

	if (scan_open(&s, text, n, &e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, &e)) > 0)
		;
	return got;
}

static int
walk_inside(struct span value, const char *before, const char *after)
{
	size_t n = strlen(before), rest = strlen(after);
	char *text = malloc(n + value.n + rest);
	int got;

	memcpy(text, before, n);
	memcpy(text + n, value.p, value.n);
	memcpy(text + n + value.n, after, rest);
	got = walk(text, n + value.n + rest);
	free(text);
	return got;
}

START_TEST(accepts_inside)
{
	ck_assert_int_eq(walk_inside(good[_i], "{\"k\":", "}"), 0);
	ck_assert_int_eq(walk_inside(good[_i], "[0,[", "],\"x\"]"), 0);
}
END_TEST

START_TEST(refuses_inside)
{
	/* these are whole only together with what is put around them */
	static const char *const fits[] = { "", " ", "1,0" };

	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		if (span_is(bad[_i], fits[i]))
			return;
	}
	ck_assert_msg(walk_inside(bad[_i], "{\"k\":[[", "]]}") < 0, "accepted: %s", bad[_i].p);
}
END_TEST

static int
nested(int depth, const char *open, const char *close)
{
	struct bytes text = { 0 };
	enum scan_type type;
	int got;

	for (int i = 0; i < depth; i++)
		bytes_text(&text, open);
	bytes_text(&text, "1");
	for (int i = 0; i < depth; i++)
		bytes_text(&text, close);
	got = scan_check(text.data, text.len, &type, NULL);
	ck_assert_int_eq(got, walk(text.data, text.len));
	bytes_free(&text);
	return got;
}

START_TEST(depth)
{
	ck_assert_int_eq(nested(SCAN_DEPTH - 1, "[", "]"), 0);
	ck_assert_int_eq(nested(SCAN_DEPTH - 1, "{\"a\":", "}"), 0);
	ck_assert_int_lt(nested(SCAN_DEPTH + 1, "[", "]"), 0);
	ck_assert_int_lt(nested(SCAN_DEPTH + 1, "{\"a\":", "}"), 0);
	ck_assert_int_lt(nested(100000, "[", "]"), 0);
}
END_TEST

START_TEST(members)
{
	static const char text[] = " {\"a\" : 1,\"b\\n\":[ 1, {\"c\":2} ] ,\"\":\"x\\\"y\" , \"d\":null} ";
	static const struct {
		const char *key, *raw;
		enum scan_type type;
	} expected[] = {
		{ "a", "1", SCAN_NUMBER },
		{ "b\\n", "[ 1, {\"c\":2} ]", SCAN_ARRAY },
		{ "", "\"x\\\"y\"", SCAN_STRING },
		{ "d", "null", SCAN_NULL },
	};
	struct scan s;
	struct scan_member m;

	ck_assert_int_eq(scan_open(&s, text, sizeof(text) - 1, NULL), 0);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		ck_assert_int_eq(scan_next(&s, &m, NULL), 1);
		ck_assert(span_is(m.key, expected[i].key));
		ck_assert(span_is(m.value.raw, expected[i].raw));
		ck_assert_int_eq(m.value.type, expected[i].type);
		ck_assert(*m.from == '"');
	}
	ck_assert_int_eq(scan_next(&s, &m, NULL), 0);
}
END_TEST

static struct scan_value
value(enum scan_type type, const char *raw)
{
	return (struct scan_value){ type, { raw, strlen(raw) } };
}

START_TEST(texts)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20aC\"", "A\xc3\xa9\xe2\x82\xac" },
		{ "\"<\\ud83d\\ude00>\"", "<\xf0\x9f\x98\x80>" },
		{ "\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		{ "\"\xc3\xa9\\u007f\"", "\xc3\xa9\x7f" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scan_value v = value(SCAN_STRING, cases[i].raw);
		AUTO_BYTES text = { 0 };

		ck_assert_int_eq(scan_text(&v, &text, NULL), 0);
		ck_assert_str_eq(bytes_string(&text), cases[i].text);
	}
}
END_TEST

START_TEST(texts_refused)
{
	AUTO_BYTES text = { 0 };
	struct scan_value zero = value(SCAN_STRING, "\"a\\u0000b\"");
	struct scan_value number = value(SCAN_NUMBER, "1");

	ck_assert_int_lt(scan_text(&zero, &text, NULL), 0);
	ck_assert_int_lt(scan_text(&number, &text, NULL), 0);
	ck_assert(!scan_text_is(&number, "1"));
	ck_assert(!scan_text_is(&zero, "a"));
}
END_TEST

START_TEST(carried)
{
	static const struct {
		struct span json;
		bool ok;
	} cases[] = {
		{ T("1"), true }, { T("\"a\""), true }, { T("{\"a\":[\"]]\",{}]}"), true },
		{ T("\"\\u0000\""), false }, { T("\"a\\u0000\""), false }, { T("{\"\\u0000\":1}"), false },
		{ T("[[{\"a\":[\"\\u0000\"]}]]"), false }, { T("\"\\\\\\u0000\""), false },
		/* a backslash and u0000, and other escapes */
		{ T("\"\\\\u0000\""), true }, { T("\"\\u00000\""), false }, { T("\"\\u0001\""), true },
		{ T("\"\\\"\\u0000\""), false }, { T("\"\\\\\""), true },
	};
	struct bytes deep = { 0 };
	struct error e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg((scan_carried(cases[i].json, &e) == 0) == cases[i].ok, "%s", cases[i].json.p);
	for (int n = SCAN_CARRIED; n <= SCAN_CARRIED + 1; n++) {
		deep.len = 0;
		for (int i = 0; i < 2 * n; i++)
			bytes_char(&deep, i < n ? '[' : ']');
		ck_assert((scan_carried((struct span){ deep.data, deep.len }, &e) == 0) ==
		    (n <= SCAN_CARRIED));
	}
	bytes_free(&deep);
}
END_TEST

START_TEST(numbers)
{
	static const struct {
		const char *raw;
		bool ok;
		int64_t is;
	} cases[] = {
		{ "0", true, 0 }, { "-0", true, 0 }, { "42", true, 42 }, { "-42", true, -42 },
		{ "9223372036854775807", true, INT64_MAX }, { "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 }, { "-9223372036854775809", false, 0 },
		{ "99999999999999999999", false, 0 }, { "1.0", false, 0 }, { "1e3", false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scan_value v = value(SCAN_NUMBER, cases[i].raw);
		int64_t got = 0;

		ck_assert_msg((scan_integer(&v, INT64_MIN, INT64_MAX, &got, NULL) == 0) == cases[i].ok,
		    "%s", cases[i].raw);
		ck_assert_int_eq(got, cases[i].is);
	}
}
END_TEST

START_TEST(seconds)
{
	struct scan_value v = value(SCAN_NUMBER, "1.5");
	int64_t ns;

	ck_assert_int_eq(scan_seconds(&v, &ns, NULL), 0);
	ck_assert_int_eq(ns, 1500000000);
	v = value(SCAN_NUMBER, "-1");
	ck_assert_int_lt(scan_seconds(&v, &ns, NULL), 0);
	v = value(SCAN_NUMBER, "1e400");
	ck_assert_int_lt(scan_seconds(&v, &ns, NULL), 0);
	v = value(SCAN_STRING, "\"1\"");
	ck_assert_int_lt(scan_seconds(&v, &ns, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("scan");
	TCase *t = tcase_create("scan");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, accepts, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, refuses, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(t, accepts_inside, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, refuses_inside, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, depth);
	tcase_add_test(t, members);
	tcase_add_test(t, texts);
	tcase_add_test(t, texts_refused);
	tcase_add_test(t, carried);
	tcase_add_test(t, numbers);
	tcase_add_test(t, seconds);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
