/* What texts say in each way of reading them, wherever they are cut. */
#include "decode.h"

#include <check.h>
#include <stdio.h>

#define NONE DECODE_NONE
#define URL DECODE_URL
#define BACKSLASH DECODE_BACKSLASH
#define ENTITY DECODE_ENTITY

static const struct {
	enum decode_escape escape;
	enum decode_space space;
	const char *text, *says;
} rows[] = {
	{ NONE, DECODE_BREAKS, "as it is", "as it is" },
	{ NONE, DECODE_BREAKS, "one\ntwo \r\n\t three\r\r\nfour", "onetwothreefour" },
	{ NONE, DECODE_BREAKS, "a  b\tc\rd", "a  b\tc\rd" },
	{ NONE, DECODE_BLANKS, "one\ntwo \r\n\t three  four\tfive six", "one two three four five six" },
	{ NONE, DECODE_NO_SPACE, "one\ntwo  three\tfour five", "onetwothreefourfive" },
	{ NONE, DECODE_BREAKS, "%41 \\x41 &amp;", "%41 \\x41 &amp;" },
	{ URL, DECODE_BREAKS, "a%2Bb%2fc%20d+e", "a+b/c d+e" },
	{ URL, DECODE_BREAKS, "100% of %zz %4 %%41 %2541", "100% of %zz %4 %A %41" },
	{ URL, DECODE_BREAKS, "%u0041%u00FC%uD83D%uDD11%uD83D", "A\xc3\xbc\xf0\x9f\x94\x91%uD83D" },
	{ URL, DECODE_BREAKS, "one%0D%0Atwo%0A", "onetwo" },
	{ BACKSLASH, DECODE_BREAKS, "\\\"a\\\" \\/ \\\\n \\t.", "\"a\" / \\n \t." },
	{ BACKSLASH, DECODE_BREAKS, "\\u002B\\u00fc\\ud83d\\udd11\\u{1f511}\\x41\\101\\e", "+\xc3\xbc\xf0\x9f\x94\x91\xf0\x9f\x94\x91"
	    "AA\033" },
	{ BACKSLASH, DECODE_BREAKS, "\\ud83d \\ud83dx \\udd11 \\u12 \\u{} \\xg \\w", "\\ud83d \\ud83dx \\udd11 \\u12 \\u{} \\xg \\w" },
	{ BACKSLASH, DECODE_BREAKS, "\\$x\\ y\\'z\\;", "$x y'z;" },
	{ BACKSLASH, DECODE_BREAKS, "one\\ntwo\\\nthree\\r\\n", "onetwothree" },
	{ BACKSLASH, DECODE_BLANKS, "one\\n\\ttwo", "one two" },
	{ ENTITY, DECODE_BREAKS, "&lt;a&gt; &amp; &quot;b&apos; &#43;&#x2B;&#x1f511;", "<a> & \"b' ++\xf0\x9f\x94\x91" },
	{ ENTITY, DECODE_BREAKS, "&nbsp; & &# &#x; &ampx &#99999999;", "&nbsp; & &# &#x; &ampx &#99999999;" },
};

START_TEST(saying)
{
	const struct decode_way way = { rows[_i].escape, rows[_i].space };
	const char *text = rows[_i].text;
	size_t n = strlen(text);
	struct decoded d = { 0 };

	ck_assert_uint_eq(decode_add(&d, way, text, n, 0, SIZE_MAX, true), n);
	ck_assert_str_eq(bytes_string(&d.text), rows[_i].says);
	/* the same when it comes in two pieces, and a byte at a time */
	for (size_t cut = 0; cut <= n; cut++) {
		size_t at;

		decoded_clear(&d);
		at = decode_add(&d, way, text, cut, 0, SIZE_MAX, false);
		ck_assert_uint_le(at, cut);
		decode_add(&d, way, text, n, at, SIZE_MAX, true);
		ck_assert_str_eq(bytes_string(&d.text), rows[_i].says);
	}
	decoded_clear(&d);
	for (size_t at = 0; at < n;)
		at = decode_add(&d, way, text, n, at, 1, true);
	ck_assert_str_eq(bytes_string(&d.text), rows[_i].says);
	decoded_free(&d);
}
END_TEST

/* From any place that is found to begin at, the rest is read as it is from the start. */
START_TEST(beginning_anywhere)
{
	const struct decode_way way = { rows[_i].escape, DECODE_NO_SPACE };
	const char *text = rows[_i].text;
	size_t n = strlen(text);
	struct decoded whole = { 0 }, part = { 0 };

	decode_add(&whole, way, text, n, 0, SIZE_MAX, true);
	bytes_string(&whole.text);
	for (size_t at = 0; way.escape != NONE && at <= n; at++) {
		size_t start = decode_start(way.escape, text, n, at);

		ck_assert_uint_le(start, at);
		decoded_clear(&part);
		decode_add(&part, way, text, n, start, SIZE_MAX, true);
		bytes_string(&part.text);
		ck_assert_uint_le(part.text.len, whole.text.len);
		ck_assert_str_eq(part.text.data, whole.text.data + (whole.text.len - part.text.len));
		for (size_t i = 0; i < part.text.len; i++)
			ck_assert_uint_eq(part.places[i].at, whole.places[whole.text.len - part.text.len + i].at);
	}
	decoded_free(&whole);
	decoded_free(&part);
}
END_TEST

START_TEST(long_runs)
{
	char text[DECODE_GAP + 4];
	struct decoded d = { 0 };

	memset(text, ' ', sizeof(text));
	text[0] = 'a';
	text[1] = '\n';
	text[DECODE_GAP + 1] = 'b';
	decode_add(&d, (struct decode_way){ NONE, DECODE_BREAKS }, text, DECODE_GAP + 2, 0, SIZE_MAX, true);
	ck_assert_str_eq(bytes_string(&d.text), "ab");
	ck_assert(d.places[1].broken && d.places[1].line);
	ck_assert_uint_eq(d.places[1].at, DECODE_GAP + 1);
	/* one more, and nothing goes on behind it */
	text[DECODE_GAP + 1] = ' ';
	text[DECODE_GAP + 2] = 'b';
	decoded_clear(&d);
	decode_add(&d, (struct decode_way){ NONE, DECODE_BREAKS }, text, DECODE_GAP + 3, 0, SIZE_MAX, true);
	ck_assert_str_eq(bytes_string(&d.text), "a\nb");
	decoded_free(&d);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("decode");
	TCase *t = tcase_create("decode");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, saying, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(t, beginning_anywhere, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, long_runs);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
