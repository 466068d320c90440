/* Growable bytes: what is added is there, in order, whatever the sizes. */
#include "bytes.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_empty)
{
	AUTO_BYTES b = { 0 };
	char *given;

	ck_assert_str_eq(bytes_string(&b), "");
	bytes_add(&b, NULL, 0);
	bytes_drop(&b, 0);
	given = bytes_give(&b);
	ck_assert_str_eq(given, "");
	ck_assert_ptr_null(b.data);
	free(given);
}
END_TEST

START_TEST(test_grow)
{
	AUTO_BYTES b = { 0 };
	char piece[100];

	for (size_t i = 0; i < 1000; i++) {
		memset(piece, (int)('a' + i % 26), sizeof(piece));
		bytes_add(&b, piece, i % sizeof(piece));
	}
	ck_assert_uint_eq(b.len, 49500);
	ck_assert_uint_le(b.size, 2 * b.len);
	for (size_t i = 0, at = 0; i < 1000; at += i % sizeof(piece), i++) {
		for (size_t k = 0; k < i % sizeof(piece); k++)
			ck_assert_int_eq(b.data[at + k], (char)('a' + i % 26));
	}
}
END_TEST

START_TEST(test_kinds)
{
	AUTO_BYTES b = { 0 };

	bytes_text(&b, "text ");
	bytes_char(&b, 'c');
	bytes_number(&b, 0);
	bytes_number(&b, -17);
	bytes_number(&b, INT64_MIN);
	bytes_number(&b, INT64_MAX);
	bytes_format(&b, " %s:%d", "f", 5);
	ck_assert_str_eq(bytes_string(&b),
	    "text c0-17-92233720368547758089223372036854775807 f:5");
}
END_TEST

/* Around the room that the first try has. */
START_TEST(test_format_long)
{
	for (int n = 120; n < 140; n++) {
		AUTO_BYTES b = { 0 };

		bytes_char(&b, '<');
		bytes_format(&b, "%*s", n, "x");
		bytes_char(&b, '>');
		ck_assert_uint_eq(b.len, (size_t)n + 2);
		ck_assert_int_eq(b.data[n], 'x');
		ck_assert_int_eq(b.data[n + 1], '>');
	}
}
END_TEST

START_TEST(test_drop)
{
	AUTO_BYTES b = { 0 };

	bytes_text(&b, "0123456789");
	bytes_drop(&b, 4);
	ck_assert_str_eq(bytes_string(&b), "456789");
	bytes_drop(&b, 6);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(test_reserve)
{
	AUTO_BYTES b = { 0 };

	memset(bytes_reserve(&b, 5000), 'x', 5000);
	ck_assert_uint_eq(b.len, 0);
	b.len = 5000;
	bytes_string(&b);
	ck_assert_uint_eq(b.len, 5000);
	ck_assert_uint_eq(strlen(b.data), 5000);
}
END_TEST

static const struct {
	struct span s;
	const char *text;
	int same;
} spans[] = {
	{ { "abc", 3 }, "abc", 1 },
	{ { "abcd", 3 }, "abc", 1 },
	{ { "abc", 2 }, "abc", 0 },
	{ { "abc", 3 }, "ab", 0 },
	{ { "abc", 3 }, "abd", 0 },
	{ { "", 0 }, "", 1 },
};

START_TEST(test_span)
{
	ck_assert_int_eq(span_is(spans[_i].s, spans[_i].text), spans[_i].same);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("bytes");
	TCase *t = tcase_create("bytes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(t, test_empty);
	tcase_add_test(t, test_grow);
	tcase_add_test(t, test_kinds);
	tcase_add_test(t, test_format_long);
	tcase_add_test(t, test_drop);
	tcase_add_test(t, test_reserve);
	tcase_add_loop_test(t, test_span, 0, COUNT(spans));
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
