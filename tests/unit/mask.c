/* The mask against its plain twin, at every split of every encoding; and what it refuses and holds back. */
#include "mask.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>

#include "scan.h"
#include "tests/unit/masktwin.h"
#include "tests/unit/maskwriters.h"

/* Of every kind of byte that some encoding writes another way; the last ones meet and overlap. */
static const struct span secrets[] = {
#define SECRET(text) { text, sizeof(text) - 1 }
	SECRET("hunter2!"),
	SECRET("abcdef"),
	SECRET("s3cr3t/with+all of~it: 'a' \"b\" \\c $d `e` <f>&{g}%"),
	SECRET("gr\xc3\xbc\xc3\x9f" "e \xf0\x9f\x94\x91 key"),
	SECRET("\x01\x7f\x00\xff\xfe\t\033\r bin"),
	SECRET("-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n\n  indented line\r\nshort\nQz8=\n-----END KEY-----"),
	SECRET("one long token that is broken into lines when it is written in base64: "
	    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
	SECRET("defghi"),
	SECRET("fghijklmnop"),
	SECRET("abababab"),
	SECRET("bababacab"),
};
#define NSECRETS (sizeof(secrets) / sizeof(secrets[0]))

static struct mask *mask;
static struct twin twin;

static void
set_up(void)
{
	struct error e;

	mask = mask_new();
	for (size_t i = 0; i < NSECRETS; i++) {
		ck_assert_int_eq(mask_add(mask, secrets[i].p, secrets[i].n, &e), 0);
		twin_add(&twin, secrets[i].p, secrets[i].n);
	}
}

static void
tear_down(void)
{
	mask_free(mask);
	twin_free(&twin);
	twin = (struct twin){ 0 };
}

static void
feed(struct mask_stream *s, struct bytes *into, const char *p, size_t n)
{
	struct span out = mask_feed(mask, s, p, n);

	bytes_add(into, out.p, out.n);
}

static void
flush(struct mask_stream *s, struct bytes *into)
{
	struct span out = mask_flush(mask, s);

	bytes_add(into, out.p, out.n);
}

static void
same(const struct bytes *got, const struct bytes *expected, const char *p, size_t n, size_t split)
{
	ck_assert_msg(got->len == expected->len &&
	    (got->len == 0 || memcmp(got->data, expected->data, got->len) == 0),
	    "'%.*s' split at %zu: '%.*s' instead of '%.*s'", (int)n, p, split, (int)got->len, got->data,
	    (int)expected->len, expected->data);
}

/* In two pieces, split anywhere; in three with one byte in the middle; byte by byte; and at once. */
static void
check_splits(const char *p, size_t n)
{
	AUTO_BYTES expected = { 0 };
	AUTO_BYTES got = { 0 };
	struct mask_stream s = { 0 };

	twin_text(&twin, &expected, p, n);
	for (size_t split = 0; split < n; split++) {
		got.len = 0;
		feed(&s, &got, p, split);
		feed(&s, &got, p + split, 1);
		feed(&s, &got, p + split + 1, n - split - 1);
		flush(&s, &got);
		same(&got, &expected, p, n, split);
		got.len = 0;
		feed(&s, &got, p, split);
		feed(&s, &got, p + split, n - split);
		flush(&s, &got);
		same(&got, &expected, p, n, split);
	}
	got.len = 0;
	for (size_t at = 0; at < n; at++)
		feed(&s, &got, p + at, 1);
	flush(&s, &got);
	same(&got, &expected, p, n, n);
	got.len = 0;
	mask_text(mask, &got, p, n);
	same(&got, &expected, p, n, n);
}

/* Every form of a secret: in a text, with its end cut off, twice, and with a beginning of itself before. */
START_TEST(every_split_of_every_form)
{
	struct twin forms = { 0 };

	twin_add(&forms, secrets[_i].p, secrets[_i].n);
	for (size_t i = 0; i < forms.n; i++) {
		struct span f = forms.forms[i];
		AUTO_BYTES text = { 0 };

		bytes_text(&text, "before ");
		bytes_add(&text, f.p, f.n);
		bytes_text(&text, "\nbehind ");
		bytes_add(&text, f.p, f.n - 1);
		bytes_char(&text, '\n');
		bytes_add(&text, f.p, f.n / 2);
		bytes_add(&text, f.p, f.n);
		bytes_add(&text, f.p, f.n);
		check_splits(text.data, text.len);
		ck_assert(mask_finds(mask, text.data, text.len));
		ck_assert(i > 0 || !mask_finds(mask, text.data, 7));
	}
	twin_free(&forms);
}
END_TEST

static const struct {
	const char *text, *expected;
} overlaps[] = {
	{ "abcdefghijklmnop", "***" },
	{ "abcdefghijklmno", "***" },
	{ "abcdef fghijklmno", "*** ***" },
	{ "abcdef fghij", "*** fghij" },
	{ "abcdefghijklmno ", "***jklmno " },
	{ "xabcdefabcdefx", "x***x" },
	{ "abcdef abcdef", "*** ***" },
	{ "abcdeabcdefx", "abcde***x" },
	{ "ababababab", "***" },
	{ "abababacab", "a***" },
	{ "ababababacab", "***" },
	{ "bababacabababab", "***" },
	{ "", "" },
	{ "abcde", "abcde" },
};

START_TEST(overlapping)
{
	AUTO_BYTES got = { 0 };

	check_splits(overlaps[_i].text, strlen(overlaps[_i].text));
	mask_text(mask, &got, overlaps[_i].text, strlen(overlaps[_i].text));
	ck_assert_str_eq(bytes_string(&got), overlaps[_i].expected);
}
END_TEST

static struct writer_seed seed;

/* Pieces of forms one behind the other, in pieces of any size: the same as the twin, and after each piece
 * nothing is held but what may go on. */
START_TEST(shuffled)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES expected = { 0 };
	AUTO_BYTES got = { 0 };
	struct mask_stream s = { 0 };

	seed.state = (uint64_t)_i;
	while (text.len < 1500) {
		struct span f = twin.forms[writer_any(&seed, twin.n)];
		size_t from = writer_any(&seed, 3) == 0 ? writer_any(&seed, f.n) : 0;
		size_t n = writer_any(&seed, 3) == 0 ? writer_any(&seed, f.n - from + 1) : f.n - from;

		writers[writer_any(&seed, 2) == 0 ? 0 : writer_any(&seed, WRITERS)](&text, &seed,
		    (const unsigned char *)f.p + from, n);
		if (writer_any(&seed, 4) == 0)
			bytes_char(&text, "\n =xabc"[writer_any(&seed, 7)]);
	}
	twin_text(&twin, &expected, text.data, text.len);
	for (size_t at = 0, n; at < text.len; at += n) {
		n = 1 + writer_any(&seed, writer_any(&seed, 8) == 0 ? 400 : 20);
		if (n > text.len - at)
			n = text.len - at;
		feed(&s, &got, text.data + at, n);
	}
	flush(&s, &got);
	same(&got, &expected, text.data, text.len, 0);
}
END_TEST

/* Each form as each writer has it, split anywhere. */
START_TEST(every_split_of_every_writer)
{
	seed.state = (uint64_t)_i;
	for (int i = 0; i < 6; i++) {
		struct span f = twin.forms[writer_any(&seed, twin.n)];
		AUTO_BYTES text = { 0 };

		bytes_text(&text, "some text, ");
		writers[(size_t)_i % WRITERS](&text, &seed, (const unsigned char *)f.p, f.n < 60 ? f.n : 60);
		bytes_text(&text, writer_any(&seed, 2) == 0 ? "\nand more" : " ");
		check_splits(text.data, text.len);
	}
}
END_TEST

/* What nothing can follow to make it a secret is there at once, and borrowed from the caller. */
START_TEST(nothing_delayed)
{
	static const char text[] = "an ordinary line\n";
	struct mask_stream s = { 0 };
	struct span out = mask_feed(mask, &s, text, sizeof(text) - 1);

	ck_assert_ptr_eq(out.p, text);
	ck_assert_uint_eq(out.n, sizeof(text) - 1);
	out = mask_feed(mask, &s, "token: hunt", 11);
	ck_assert_uint_eq(out.n, 7);
	out = mask_feed(mask, &s, "er", 2);
	ck_assert_uint_eq(out.n, 0);
	out = mask_feed(mask, &s, "2?", 2);
	ck_assert_uint_eq(out.n, 8);
	ck_assert_mem_eq(out.p, "hunter2?", 8);
	out = mask_feed(mask, &s, "abcdef", 6);
	ck_assert_uint_eq(out.n, 3);
	ck_assert_mem_eq(out.p, "***", 3);
	out = mask_flush(mask, &s);
	ck_assert_uint_eq(out.n, 0);
}
END_TEST

/* The end of a line is there at once, whatever ends there and may go on in the next one. */
static const char *const whole_lines[] = {
	"so many hun\n", "he\n", "done: 100%\n", "an hex dump\n0000000 41 42 68\n", "x\r\n", "\n \n",
	"00000000: 4142 \n", "0000020\n", "12345678", "12345678 items? ", "at 45 of 100%", "  ok? ",
};

START_TEST(no_line_held)
{
	struct mask_stream s = { 0 };
	struct mask *m = mask_new();
	size_t n = strlen(whole_lines[_i]);

	ck_assert_int_eq(mask_add(m, "hunter2!", 8, NULL), 0);
	ck_assert_uint_eq(mask_feed(m, &s, whole_lines[_i], n).n, n);
	mask_flush(m, &s);
	mask_free(m);
}
END_TEST

/* What is held is bounded, whatever comes: it cannot be more than the longest form with gaps in it. */
START_TEST(held_is_bounded)
{
	static const char *const repeated[] = { " ", "\n", "h \n", "\\", "%", "\\u", "0", "0000000 ",
		"0000000 41\n", "hunt\n\n\n\n" };
	struct mask_stream s = { 0 };

	for (int i = 0; i < 20000; i++)
		mask_feed(mask, &s, repeated[_i], strlen(repeated[_i]));
	ck_assert_uint_le(s.held.len, 4096);
	mask_flush(mask, &s);
}
END_TEST

/* A secret that is added finds what is held and what comes. */
START_TEST(added_while_streaming)
{
	AUTO_BYTES got = { 0 };
	struct mask_stream s = { 0 };

	feed(&s, &got, "hunter", 6);
	ck_assert_uint_eq(got.len, 0);
	ck_assert_int_eq(mask_add(mask, "unter3 later", 12, NULL), 0);
	feed(&s, &got, "3 later\n", 8);
	flush(&s, &got);
	ck_assert_str_eq(bytes_string(&got), "h***\n");
}
END_TEST

static const struct {
	const char *secret, *reason;
	enum error_code code;
} refused[] = {
	{ "", "less than 6 bytes", ERROR_REFUSED },
	{ "12345", "less than 6 bytes", ERROR_REFUSED },
	{ "true", "less than 6 bytes", ERROR_REFUSED },
	{ "******", "one character", ERROR_REFUSED },
	{ "          ", "less than 6 bytes", ERROR_REFUSED },
	{ " \n12345\r\n", "less than 6 bytes", ERROR_REFUSED },
	{ "1\n \n2\n \n3", "less than 6 bytes", ERROR_REFUSED },
	{ "000000", "one character", ERROR_REFUSED },
	{ "123123", "common word", ERROR_REFUSED },
	{ "password", "common word", ERROR_REFUSED },
	{ "LocalHost", "common word", ERROR_REFUSED },
	{ "success", "common word", ERROR_REFUSED },
	{ "welcome", "common word", ERROR_REFUSED },
};

START_TEST(refusing)
{
	struct mask *m = mask_new();
	struct error e;

	ck_assert_int_eq(mask_add(m, refused[_i].secret, strlen(refused[_i].secret), &e), -1);
	ck_assert_int_eq(e.code, refused[_i].code);
	ck_assert_ptr_nonnull(strstr(e.text, refused[_i].reason));
	ck_assert(mask_empty(m));
	mask_free(m);
}
END_TEST

START_TEST(limits)
{
	struct mask *m = mask_new();
	struct error e;
	char *large = xmalloc(MASK_SECRET_SIZE + 1);
	char name[32];
	size_t n = 0;

	for (size_t i = 0; i <= MASK_SECRET_SIZE; i++)
		large[i] = (char)(i * 7 + i / 256);
	ck_assert_int_eq(mask_add(m, large, MASK_SECRET_SIZE + 1, &e), -1);
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	for (int i = 0; i < MASK_SECRETS; i++) {
		snprintf(name, sizeof(name), "token-%d", i);
		ck_assert_int_eq(mask_add(m, name, strlen(name), &e), 0);
		/* again, which does not count */
		ck_assert_int_eq(mask_add(m, name, strlen(name), &e), 0);
	}
	ck_assert_int_eq(mask_add(m, "one more", 8, &e), -1);
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	mask_free(m);
	m = mask_new();
	while (mask_add(m, large, MASK_SECRET_SIZE - n, &e) == 0)
		n++;
	ck_assert_uint_eq(n, MASK_TOTAL / MASK_SECRET_SIZE);
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	mask_free(m);
	free(large);
}
END_TEST

/* No secrets, no mask: what comes goes. */
START_TEST(empty)
{
	struct mask *m = mask_new();
	struct mask_stream s = { 0 };
	AUTO_BYTES got = { 0 };
	struct span out = mask_feed(m, &s, "text", 4);

	ck_assert_uint_eq(out.n, 4);
	ck_assert_uint_eq(mask_flush(m, &s).n, 0);
	mask_text(NULL, &got, "text", 4);
	ck_assert_str_eq(bytes_string(&got), "text");
	ck_assert(mask_empty(NULL) && mask_empty(m) && !mask_finds(m, "text", 4));
	mask_free(m);
	mask_free(NULL);
}
END_TEST

START_TEST(errors)
{
	struct error e;

	error_set(&e, ERROR_INPUT, "no file 'hunter2!' here");
	mask_error(mask, &e);
	ck_assert_str_eq(e.text, "no file '***' here");
	ck_assert_int_eq(e.code, ERROR_INPUT);
}
END_TEST

/* However a secret is escaped, it is found; what is left is JSON that says the rest as it did. */
static const struct {
	const char *json, *expected;
} jsons[] = {
	{ "{\"a\":\"x\",\"n\":12}", "{\"a\":\"x\",\"n\":12}" },
	{ "{\"a\":\"is hunter2!\"}", "{\"a\":\"is ***\"}" },
	{ "{\"hunter2!\":[\"hunter2!\",1.5e3,null]}", "{\"***\":[\"***\",1.5e3,null]}" },
	{ "{\"a\":\"\\u0068unter2\\u0021 \\u0041\"}", "{\"a\":\"*** A\"}" },
	{ "{\"a\":\"\\\\hunter2!\\n\"}", "{\"a\":\"\\\\***\\n\"}" },
	{ "{\"a\":\"\\nabcdef\",\"b\":\"\\u0041\"}", "{\"a\":\"\\n***\",\"b\":\"\\u0041\"}" },
	{ "{\"a\":\"\\u0000 hunter2!\"}", "{\"a\":\"***\"}" },
	{ "{\"a\":\"\\u0000 hunter\"}", "{\"a\":\"\\u0000 hunter\"}" },
	{ "[\"gr\\u00fc\\u00dfe \\ud83d\\udd11 key\",\"\\\"\"]", "[\"***\",\"\\\"\"]" },
	{ "{\"a\":\"abcde\",\"f\":\"efghij\"}", "{\"a\":\"abcde\",\"f\":\"efghij\"}" },
	{ "{\"pin\":[4711,47114711,-47114711.5]}", "{\"pin\":[4711,\"***\",\"***\"]}" },
	{ "\"hunter2!\"", "\"***\"" },
};

START_TEST(json)
{
	AUTO_BYTES got = { 0 };
	enum scan_type type;

	ck_assert_int_eq(mask_add(mask, "47114711", 8, NULL), 0);
	mask_json(mask, &got, jsons[_i].json, strlen(jsons[_i].json));
	ck_assert_str_eq(bytes_string(&got), jsons[_i].expected);
	ck_assert_int_eq(scan_check(got.data, got.len, &type, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mask");
	TCase *t = tcase_create("mask");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, every_split_of_every_form, 0, (int)NSECRETS);
	tcase_add_loop_test(t, overlapping, 0, (int)(sizeof(overlaps) / sizeof(overlaps[0])));
	tcase_add_loop_test(t, shuffled, 0, 200);
	tcase_add_loop_test(t, every_split_of_every_writer, 0, 10 * (int)WRITERS);
	tcase_add_test(t, nothing_delayed);
	tcase_add_loop_test(t, no_line_held, 0, (int)(sizeof(whole_lines) / sizeof(whole_lines[0])));
	tcase_add_loop_test(t, held_is_bounded, 0, 10);
	tcase_add_test(t, added_while_streaming);
	tcase_add_loop_test(t, refusing, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, limits);
	tcase_add_test(t, empty);
	tcase_add_test(t, errors);
	tcase_add_loop_test(t, json, 0, (int)(sizeof(jsons) / sizeof(jsons[0])));
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
