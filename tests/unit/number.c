/* Numbers and sizes: what is read, what is refused, and how that is said. */
#include "number.h"

#include <check.h>
#include <string.h>

static const struct {
	const char *text;
	int64_t min, max, value;
	int result;
} numbers[] = {
	{ "0", 0, 10, 0, 0 },
	{ "10", 0, 10, 10, 0 },
	{ "11", 0, 10, 0, -1 },
	{ "-1", 0, 10, 0, -1 },
	{ "-1", -5, 10, -1, 0 },
	{ "007", 0, 10, 7, 0 },
	{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, 0 },
	{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, 0 },
	{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, -1 },
	{ "-9223372036854775809", INT64_MIN, INT64_MAX, 0, -1 },
	{ "99999999999999999999999999", INT64_MIN, INT64_MAX, 0, -1 },
	{ "", 0, 10, 0, -1 },
	{ "-", -10, 10, 0, -1 },
	{ "+1", 0, 10, 0, -1 },
	{ " 1", 0, 10, 0, -1 },
	{ "1 ", 0, 10, 0, -1 },
	{ "1.0", 0, 10, 0, -1 },
	{ "0x1", 0, 10, 0, -1 },
	{ "1e3", 0, 9999, 0, -1 },
};

START_TEST(test_number)
{
	const char *text = numbers[_i].text;
	struct error e = { 0 };
	int64_t value = 0;

	ck_assert_int_eq(number_parse(text, strlen(text), numbers[_i].min, numbers[_i].max, &value, &e),
	    numbers[_i].result);
	ck_assert_int_eq(value, numbers[_i].value);
	if (numbers[_i].result < 0)
		ck_assert_ptr_nonnull(strstr(e.text, text));
}
END_TEST

/* Only the n bytes count. */
START_TEST(test_length)
{
	int64_t value;

	ck_assert_int_eq(number_parse("123456", 3, 0, 999, &value, NULL), 0);
	ck_assert_int_eq(value, 123);
}
END_TEST

START_TEST(test_message)
{
	struct error e;
	int64_t value;

	ck_assert_int_eq(number_parse("many", 4, 1, 64, &value, &e), -1);
	ck_assert_int_eq(e.code, ERROR_INPUT);
	ck_assert_str_eq(e.text, "'many' is not a number from 1 to 64");
}
END_TEST

static const struct {
	const char *text;
	int64_t value;
	int result;
} sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 4096, 0 },
	{ "64k", 65536, 0 },
	{ "64K", 65536, 0 },
	{ "100M", INT64_C(104857600), 0 },
	{ "2G", INT64_C(2147483648), 0 },
	{ "8589934591G", INT64_C(8589934591) << 30, 0 },
	{ "8589934592G", 0, -1 },
	{ "-1", 0, -1 },
	{ "-1k", 0, -1 },
	{ "", 0, -1 },
	{ "k", 0, -1 },
	{ "1kk", 0, -1 },
	{ "1 k", 0, -1 },
	{ "1T", 0, -1 },
	{ "1.5M", 0, -1 },
};

START_TEST(test_size)
{
	int64_t value = 0;

	ck_assert_int_eq(number_size(sizes[_i].text, strlen(sizes[_i].text), &value, NULL),
	    sizes[_i].result);
	ck_assert_int_eq(value, sizes[_i].value);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("number");
	TCase *t = tcase_create("number");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, test_number, 0, COUNT(numbers));
	tcase_add_test(t, test_length);
	tcase_add_test(t, test_message);
	tcase_add_loop_test(t, test_size, 0, COUNT(sizes));
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
