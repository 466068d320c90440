/* Durations: what people write, what is refused, and both ways of writing them. */
#include "duration.h"

#include <check.h>
#include <string.h>

#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const struct {
	const char *text;
	int64_t ns;
} good[] = {
	{ "90s", 90 * SECOND },
	{ "5m", 5 * MINUTE },
	{ "1h30m", 90 * MINUTE },
	{ "500ms", 500 * MILLISECOND },
	{ "2d", 2 * DAY },
	{ "1w", 7 * DAY },
	{ "2w3d", 17 * DAY },
	{ "1d2h3m4s5ms", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5 * MILLISECOND },
	{ "1.5s", 1500 * MILLISECOND },
	{ "1m0.25s", MINUTE + 250 * MILLISECOND },
	{ "0.5h", 30 * MINUTE },
	{ "0s", 0 },
	{ "0.000000001s", 1 },
	{ "3650d", 3650 * DAY },
};

START_TEST(test_good)
{
	int64_t ns = -1;

	ck_assert_int_eq(duration_parse(good[_i].text, strlen(good[_i].text), &ns, NULL), 0);
	ck_assert_int_eq(ns, good[_i].ns);
}
END_TEST

static const char *const bad[] = {
	"", "90", "s", "1", "1.5", "-1s", "+1s", " 1s", "1s ", "1 s", "5min", "1S", "1s1m", "1m1m", "1ms1s",
	"1.5m2s", "1.s", ".5s", "1..5s", "1e3s", "3651d", "99999999999999999999s", "9223372036854775807d",
	"1h-30m", "1d1w", "1W", "522w", "3650.5d", "3650d0.001s",
};

START_TEST(test_bad)
{
	struct error e = { 0 };
	int64_t ns = -1;

	ck_assert_int_eq(duration_parse(bad[_i], strlen(bad[_i]), &ns, &e), -1);
	ck_assert_int_eq(e.code, ERROR_INPUT);
	ck_assert_ptr_nonnull(strstr(e.text, "90s, 5m or 1h30m"));
}
END_TEST

static const struct {
	int64_t ns;
	const char *written, *shown;
} ways[] = {
	{ 0, "0s", "0.0s" },
	{ 999999, "0s", "0.0s" },
	{ MILLISECOND, "1ms", "0.0s" },
	{ 430 * MILLISECOND, "430ms", "0.4s" },
	{ 1500 * MILLISECOND, "1s500ms", "1.5s" },
	{ 9999 * MILLISECOND, "9s999ms", "9.9s" },
	{ 12 * SECOND, "12s", "12s" },
	{ 185 * SECOND, "3m5s", "3m05s" },
	{ 130 * MINUTE, "2h10m", "2h10m" },
	{ 3 * DAY, "3d", "72h00m" },
	{ 10 * DAY, "1w3d", "240h00m" },
};

START_TEST(test_ways)
{
	AUTO_BYTES written = { 0 };
	AUTO_BYTES shown = { 0 };

	duration_write(&written, ways[_i].ns);
	duration_show(&shown, ways[_i].ns);
	ck_assert_str_eq(bytes_string(&written), ways[_i].written);
	ck_assert_str_eq(bytes_string(&shown), ways[_i].shown);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("duration");
	TCase *t = tcase_create("duration");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, test_good, 0, COUNT(good));
	tcase_add_loop_test(t, test_bad, 0, COUNT(bad));
	tcase_add_loop_test(t, test_ways, 0, COUNT(ways));
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
