/* Text for a terminal comes out the same wherever it is cut; what whole texts become is in
 * terminal.c. */
#include "safe.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define E "\033"

static const char *const texts[] = {
	"plain\ttext\n",
	E "[31mred" E "[0m" E "[2J" E E "[1mx" E "[",
	E "[38;2;255;100;0;48:5:17m!" E "[?25l" E "[31",
	E "[1111111111111111111111111111111111111111111111mx",
	E "[11111111111111111111111111111111111111111111111mx",
	E "[1111111111111111111111111111111111111111111111111111111111111111m",
	E "]0;title\a" E "P\xc2\x9b" "31m\xc2\x9d\x9b",
	"50%\r100%\r\nx\r\r\n\r",
	"gr\xc3\xbc\xc3\xc3\xe2\x82\xac\xe2\x82\xe2\xf0\x9f\x98\x80\xf0\x9f\x98\xed\xa0\x80\xff",
	"\xe0\x80\x80\xf4\x90\x80\x80\xc0\xaf" E "\xc3",
};

static void
whole(struct bytes *into, const char *text, bool color)
{
	struct safe s = { .color = color };

	safe_add(&s, into, text, strlen(text));
	safe_end(&s, into);
}

START_TEST(cut_anywhere)
{
	const char *text = texts[_i / 2];
	const size_t n = strlen(text);
	AUTO_BYTES expected = { 0 };

	whole(&expected, text, _i % 2);
	for (size_t first = 0; first <= n; first++) {
		for (size_t second = first; second <= n; second++) {
			struct safe s = { .color = _i % 2 };
			AUTO_BYTES got = { 0 };

			safe_add(&s, &got, text, first);
			safe_add(&s, &got, text + first, second - first);
			safe_add(&s, &got, text + second, n - second);
			safe_end(&s, &got);
			ck_assert_uint_eq(got.len, expected.len);
			ck_assert(got.len == 0 || memcmp(got.data, expected.data, got.len) == 0);
		}
	}
}
END_TEST

START_TEST(byte_by_byte)
{
	const char *text = texts[_i];
	struct safe s = { .color = true };
	AUTO_BYTES expected = { 0 };
	AUTO_BYTES got = { 0 };

	whole(&expected, text, true);
	for (size_t i = 0; text[i] != '\0'; i++)
		safe_add(&s, &got, text + i, 1);
	safe_end(&s, &got);
	ck_assert_str_eq(bytes_string(&got), bytes_string(&expected));
}
END_TEST

START_TEST(says_colored)
{
	struct safe s = { .color = true };
	AUTO_BYTES got = { 0 };

	safe_add(&s, &got, E "[2J", 4);
	ck_assert(!s.colored);
	safe_add(&s, &got, E "[3", 3);
	safe_add(&s, &got, "1m", 2);
	ck_assert(s.colored);
}
END_TEST

int
main(void)
{
	const int n = (int)(sizeof(texts) / sizeof(texts[0]));
	Suite *suite = suite_create("safe");
	TCase *t = tcase_create("safe");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, cut_anywhere, 0, 2 * n);
	tcase_add_loop_test(t, byte_by_byte, 0, n);
	tcase_add_test(t, says_colored);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
