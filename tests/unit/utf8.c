/* UTF-8: every code point in its shortest form and nothing else. */
#include "utf8.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

/* The encoding of RFC 3629 section 3, without regard to what is allowed. */
static size_t
encode(uint32_t c, char *p)
{
	if (c < 0x80) {
		p[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (char)(0xc0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xe0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 0x3f));
		p[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	p[0] = (char)(0xf0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 0x3f));
	p[2] = (char)(0x80 | (c >> 6 & 0x3f));
	p[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

START_TEST(test_all)
{
	char p[4];

	for (uint32_t c = 0; c < 0x120000; c++) {
		size_t n = encode(c, p);
		int allowed = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

		if (utf8_length(p, n) != (allowed ? n : 0))
			ck_abort_msg("U+%04X", c);
		/* cut short it is nothing */
		if (n > 1 && utf8_length(p, n - 1) != 0)
			ck_abort_msg("U+%04X, cut", c);
	}
}
END_TEST

static const struct {
	const char *p;
	size_t n;
	int valid;
} texts[] = {
	{ "", 0, 1 },
	{ "plain", 5, 1 },
	{ "\0", 1, 1 },
	{ "gr\xc3\xbc\xc3\x9f", 6, 1 },
	{ "\xe2\x82\xac\xf0\x9f\x98\x80", 7, 1 },
	{ "\x80", 1, 0 },
	{ "\xff", 1, 0 },
	{ "\xfe", 1, 0 },
	{ "\xc0\x80", 2, 0 },
	{ "\xc1\xbf", 2, 0 },
	{ "\xe0\x9f\xbf", 3, 0 },
	{ "\xf0\x8f\xbf\xbf", 4, 0 },
	{ "\xed\xa0\x80", 3, 0 },
	{ "\xf4\x90\x80\x80", 4, 0 },
	{ "\xf5\x80\x80\x80", 4, 0 },
	{ "\xc3(", 2, 0 },
	{ "\xe2\x82(", 3, 0 },
	{ "ok\xc3", 3, 0 },
	{ "\xe2\x82\xac", 2, 0 },
};

START_TEST(test_text)
{
	ck_assert_int_eq(utf8_valid(texts[_i].p, texts[_i].n), texts[_i].valid);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("utf8");
	TCase *t = tcase_create("utf8");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(t, test_all);
	tcase_add_loop_test(t, test_text, 0, COUNT(texts));
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
