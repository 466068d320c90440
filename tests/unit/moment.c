/* Points in time as people write them. */
#include "moment.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "duration.h"
#include "timestamp.h"

/* 2026-03-31 09:30:00 in Berlin, two days after the clocks went forward. */
#define NOW "2026-03-31T07:30:00Z"

static const struct {
	const char *text, *moment;
} good[] = {
	{ "now", NOW },
	{ "2h", "2026-03-31T05:30:00Z" },
	{ "1w", "2026-03-24T07:30:00Z" },
	{ "today", "2026-03-30T22:00:00Z" },
	{ "yesterday", "2026-03-29T22:00:00Z" },
	{ "2026-03-29", "2026-03-28T23:00:00Z" }, /* winter time still */
	{ "2026-03-30", "2026-03-29T22:00:00Z" },
	{ "2025-12-24", "2025-12-23T23:00:00Z" },
	{ "09:00", "2026-03-31T07:00:00Z" },
	{ "09:00:30", "2026-03-31T07:00:30Z" },
	{ "2026-03-30 18:00", "2026-03-30T16:00:00Z" },
	{ "2026-03-30T18:00", "2026-03-30T16:00:00Z" },
	{ "2026-03-30 18:00:05", "2026-03-30T16:00:05Z" },
	{ "2026-03-30T18:00:00Z", "2026-03-30T18:00:00Z" },
	{ "2026-03-30T18:00:00.5+05:30", "2026-03-30T12:30:00.500Z" },
	{ "3000w", NULL }, /* longer than any duration */
	{ "", NULL },
	{ "2", NULL },
	{ "2026", NULL },
	{ "2026-02-30", NULL },
	{ "2026-13-01", NULL },
	{ "2026-03-30x", NULL },
	{ "1969-12-31", NULL },
	{ "25:00", NULL },
	{ "tomorrow", NULL },
	{ "yesterday 18:00", NULL },
	{ "-2h", NULL },
};

START_TEST(test_parse)
{
	struct error e = { 0 };
	int64_t now, expected, got = -1;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	ck_assert_int_eq(timestamp_parse(NOW, strlen(NOW), &now, NULL), 0);
	if (good[_i].moment == NULL) {
		ck_assert_int_eq(moment_parse(good[_i].text, now, &got, &e), -1);
		ck_assert_int_eq(e.code, ERROR_USAGE);
		ck_assert_ptr_nonnull(strstr(e.text, "yesterday"));
		return;
	}
	ck_assert_int_eq(timestamp_parse(good[_i].moment, strlen(good[_i].moment), &expected, NULL), 0);
	ck_assert_msg(moment_parse(good[_i].text, now, &got, &e) == 0, "%s", e.text);
	ck_assert_int_eq(got, expected);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("moment");
	TCase *t = tcase_create("moment");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, test_parse, 0, sizeof(good) / sizeof(good[0]));
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
