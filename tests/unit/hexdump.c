/* Lines of xxd, hexdump and od, and lines that are none. */
#include "hexdump.h"

#include <check.h>
#include <string.h>

static const struct {
	const char *line, *bytes; /* NULL: none */
} rows[] = {
	{ "00000000: 6768 705f 3136 4337 6534 3246 3239 3263  ghp_16C7e42F292c", "ghp_16C7e42F292c" },
	{ "00000020: 4165 3137 3842 3461                      Ae178B4a", "Ae178B4a" },
	{ "00000020: 4165 3137 38                             Ae178", "Ae178" },
	{ "00000000: 67 68 70 5f  ghp_", "ghp_" },
	{ "00000000: 67687 05F  ghp_", NULL },
	{ "00000000: 676870 5F3136  ghp_16", "ghp_16" },
	{ "00000000  67 68 70 5f 31 36 43 37  65 34 32 46 32 39 32 63  |ghp_16C7e42F292c|", "ghp_16C7e42F292c" },
	{ "00000020  41 65                                             |Ae|\r", "Ae" },
	{ "0000000 67 68 70 5f 31 36 43 37 65 34 32 46 32 39 32 63", "ghp_16C7e42F292c" },
	{ "000000 67 68 70 5f 31 36 43 37 65 34 32 46 32 39 32 63  >ghp_16C7e42F292c<", "ghp_16C7e42F292c" },
	{ " 67 68 70 5f", "ghp_" },
	{ "0000000 6867 5f70 3631", "ghp_16" },
	{ "0000000 5f706867 37433631", "ghp_16C7" },
	{ "0000000 064147 057560", "ghp_" },
	{ "0000000 147 150 160 137", "ghp_" },
	{ "0000000   g   h   p   _      \\n  \\t 303 274", "ghp_ \n\t\xc3\xbc" },
	{ "   g   h   p   _", "ghp_" },
	{ "  0x67, 0x68, 0x70, 0x5f,", "ghp_" },
	{ "  0x67, 0x68", "gh" },
	{ "0000020", NULL },
	{ "", NULL },
	{ "compiling", NULL },
	{ "deadbeef: fixed bug", NULL },
	{ "1234567 apples", NULL },
	{ "  indented", NULL },
	{ "2026-11-24T18:22:07Z", NULL },
};

START_TEST(reading)
{
	const char *line = rows[_i].line;
	struct hexdump d;
	bool read = hexdump_read(&d, line, strlen(line));

	ck_assert_int_eq(read, rows[_i].bytes != NULL);
	if (!read)
		return;
	ck_assert_uint_eq(d.n, strlen(rows[_i].bytes));
	ck_assert_mem_eq(d.bytes, rows[_i].bytes, d.n);
	for (size_t i = 0; i < d.n; i++)
		ck_assert_uint_le(d.at[i] + d.length[i], strlen(line));
	/* as it comes it is never taken for another line, and nothing is let go that may be one of its bytes */
	for (size_t n = 1; n <= strlen(line); n++) {
		size_t open = hexdump_open(line, n);

		ck_assert(hexdump_maybe(line, n));
		ck_assert_uint_le(open < n ? open : d.at[0], d.at[0]);
	}
}
END_TEST

START_TEST(bounds)
{
	char line[HEXDUMP_LINE + 100] = "0000000";
	struct hexdump d;
	size_t n = 7;

	while (n + 3 <= HEXDUMP_LINE) {
		memcpy(line + n, " 41", 3);
		n += 3;
		ck_assert_int_eq(hexdump_read(&d, line, n), (n - 7) / 3 <= HEXDUMP_BYTES);
	}
	ck_assert(!hexdump_read(&d, line, HEXDUMP_LINE + 1));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hexdump");
	TCase *t = tcase_create("hexdump");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, reading, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, bounds);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
