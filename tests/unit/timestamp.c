/* Moments: RFC 3339 as we write it, and whatever form of it others write. */
#include "timestamp.h"

#include <check.h>
#include <string.h>

#define SECONDS INT64_C(1000000000)
#define MOMENT (INT64_C(1795456800) * SECONDS) /* 2026-11-23T18:00:00Z */

static const struct {
	int64_t ns;
	const char *text;
} written[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ MOMENT, "2026-11-23T18:00:00.000Z" },
	{ MOMENT + 123456789, "2026-11-23T18:00:00.123Z" },
	{ MOMENT + 999999999, "2026-11-23T18:00:00.999Z" },
	{ MOMENT + SECONDS, "2026-11-23T18:00:01.000Z" },
	{ INT64_C(951782400) * SECONDS, "2000-02-29T00:00:00.000Z" },
	{ INT64_C(4102444799) * SECONDS, "2099-12-31T23:59:59.000Z" },
};

START_TEST(test_write)
{
	AUTO_BYTES b = { 0 };
	int64_t back;

	timestamp_write(&b, written[_i].ns);
	ck_assert_uint_eq(b.len, TIMESTAMP_LENGTH);
	ck_assert_str_eq(bytes_string(&b), written[_i].text);
	ck_assert_int_eq(timestamp_parse(b.data, b.len, &back, NULL), 0);
	ck_assert_int_eq(back, written[_i].ns / 1000000 * 1000000);
}
END_TEST

static const struct {
	const char *text;
	int64_t ns;
} good[] = {
	{ "2026-11-23T18:00:00Z", MOMENT },
	{ "2026-11-23t18:00:00z", MOMENT },
	{ "2026-11-23 18:00:00Z", MOMENT },
	{ "2026-11-23T18:00:00.5Z", MOMENT + SECONDS / 2 },
	{ "2026-11-23T18:00:00.123456789Z", MOMENT + 123456789 },
	{ "2026-11-23T18:00:00.1234567891234Z", MOMENT + 123456789 },
	{ "2026-11-23T20:00:00+02:00", MOMENT },
	{ "2026-11-23T12:30:00-05:30", MOMENT },
	{ "2026-11-23T18:00:00-00:00", MOMENT },
};

START_TEST(test_good)
{
	int64_t ns = -1;

	ck_assert_int_eq(timestamp_parse(good[_i].text, strlen(good[_i].text), &ns, NULL), 0);
	ck_assert_int_eq(ns, good[_i].ns);
}
END_TEST

static const char *const bad[] = {
	"", "2026", "2026-11-23", "2026-11-23T18:00Z", "2026-11-23T18:00:00", "2026-13-23T18:00:00Z",
	"2026-00-23T18:00:00Z", "2026-11-32T18:00:00Z", "2026-11-00T18:00:00Z", "2026-11-23T24:00:00Z",
	"2026-11-23T18:60:00Z", "2026-11-23T18:00:61Z", "2026-11-23T18:00:00Zjunk", " 2026-11-23T18:00:00Z",
	"26-11-23T18:00:00Z", "2026-11-23T18:00:00+2", "2026/11/23T18:00:00Z", "now", "1795456800",
	"2026-1-23T18:00:00Z", "1969-12-31T23:59:59Z",
};

START_TEST(test_bad)
{
	struct error e = { 0 };
	int64_t ns;

	ck_assert_int_eq(timestamp_parse(bad[_i], strlen(bad[_i]), &ns, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "RFC 3339"));
}
END_TEST

/* Every beginning of a moment is none, and reading it stays inside. */
START_TEST(test_cut)
{
	static const char text[] = "2026-11-23T18:00:00.123+02:00";
	char exact[sizeof(text)];
	int64_t ns;

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		memcpy(exact, text, n);
		ck_assert_int_eq(timestamp_parse(exact, n, &ns, NULL), -1);
	}
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("timestamp");
	TCase *t = tcase_create("timestamp");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, test_write, 0, COUNT(written));
	tcase_add_loop_test(t, test_good, 0, COUNT(good));
	tcase_add_loop_test(t, test_bad, 0, COUNT(bad));
	tcase_add_test(t, test_cut);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
