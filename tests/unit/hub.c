/* The rooms of the hub that need no disk: which builds were seen, what a subscriber wants, checksums. */
#include <check.h>
#include <string.h>

#include "checksum.h"
#include "cmd/mci-events/builds.h"
#include "eventfilter.h"
#include "cmd/mci-events/intake.h"
#include "cmd/mci-events/audience.h"
#include "duration.h"
#include "line.h"
#include "memory.h"

static struct span
span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

START_TEST(builds)
{
	struct builds b = { 0 };
	struct build_mark was;

	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 1, 1), BUILDS_FRESH);
	builds_note(&b, span("o/r/1"), 2, 5, 10, &was);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 2, 5), BUILDS_REPEAT);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 2, 1), BUILDS_REPEAT);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 2, 6), BUILDS_FRESH);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 1, 6), BUILDS_OLD);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 3, 1), BUILDS_FRESH);
	ck_assert_int_eq(builds_judge(&b, span("o/r/10"), 1, 1), BUILDS_FRESH);
	/* taken back to nothing, and to what was */
	builds_undo(&b, span("o/r/1"), &was);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 1, 1), BUILDS_FRESH);
	builds_note(&b, span("o/r/1"), 1, 3, 11, NULL);
	builds_note(&b, span("o/r/1"), 2, 1, 12, &was);
	builds_undo(&b, span("o/r/1"), &was);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 1, 3), BUILDS_REPEAT);
	ck_assert_int_eq(builds_judge(&b, span("o/r/1"), 1, 4), BUILDS_FRESH);
	builds_free(&b);
}
END_TEST

/* Many: the table grows, forgets, and every one is told from the others. */
START_TEST(many_builds)
{
	struct builds b = { 0 };

	for (int i = 1; i <= 10000; i++) {
		AUTO_FREE char *name = xformat("local/zlib/%d", i);

		builds_note(&b, span(name), 1, i, (uint64_t)i, NULL);
	}
	ck_assert_uint_eq(b.n, 10000);
	builds_forget(&b, 9001);
	ck_assert_uint_eq(b.n, 1000);
	ck_assert_uint_lt(b.size, 10000);
	for (int i = 1; i <= 10000; i++) {
		AUTO_FREE char *name = xformat("local/zlib/%d", i);

		ck_assert_int_eq(builds_judge(&b, span(name), 1, i),
		    i > 9000 ? BUILDS_REPEAT : BUILDS_FRESH);
	}
	builds_free(&b);
}
END_TEST

#define LINE "{\"offset\":1,\"type\":\"job/end\",\"build\":\"local/zlib/7\",\"job\":\"unit\"," \
	"\"exit\":2,\"ok\":true,\"s\":\"a\\\"b\",\"x\":null}"

static const struct {
	const char *params;
	bool wanted;
} filters[] = {
	{ "{\"types\":[\"job/end\"]}", true },
	{ "{\"types\":[\"job/*\"]}", true },
	{ "{\"types\":[\"*/end\"]}", true },
	{ "{\"types\":[\"job\"]}", true },
	{ "{\"types\":[\"*\"]}", true },
	{ "{\"types\":[\"**\"]}", true },
	{ "{\"types\":[\"build/*\",\"job/e*\"]}", true },
	{ "{\"types\":[\"build\"]}", false },
	{ "{\"types\":[\"jo\"]}", false },
	{ "{\"types\":[\"job/start\"]}", false },
	{ "{\"build\":\"local/\"}", true },
	{ "{\"build\":\"local/zlib/7\"}", true },
	{ "{\"build\":\"local/zlib/77\"}", false },
	{ "{\"build\":\"ocal\"}", false },
	{ "{\"job\":\"unit\"}", true },
	{ "{\"job\":\"uni\"}", false },
	{ "{\"where\":{\"exit\":2}}", true },
	{ "{\"where\":{\"exit\":\"2\"}}", false },
	{ "{\"where\":{\"ok\":true,\"x\":null}}", true },
	{ "{\"where\":{\"ok\":false}}", false },
	{ "{\"where\":{\"s\":\"a\\\"b\"}}", true },
	{ "{\"where\":{\"none\":1}}", false },
	{ "{\"types\":[\"job\"],\"build\":\"local\",\"job\":\"unit\",\"where\":{\"exit\":2}}", true },
	{ "{\"types\":[\"job\"],\"build\":\"local\",\"job\":\"unit\",\"where\":{\"exit\":3}}", false },
};

START_TEST(filter)
{
	struct error e = { 0 };
	struct eventfilter *f = eventfilter_read(span(filters[_i].params), &e);

	ck_assert_ptr_nonnull(f);
	ck_assert_msg(eventfilter_match(f, LINE, strlen(LINE)) == filters[_i].wanted, "%s",
	    filters[_i].params);
	eventfilter_free(f);
}
END_TEST

START_TEST(no_filter)
{
	AUTO_BYTES many = { 0 };
	struct error e = { 0 };

	ck_assert_ptr_null(eventfilter_read(span("{}"), &e));
	ck_assert_int_eq(e.code, ERROR_NONE);
	ck_assert_ptr_null(eventfilter_read(span("{\"types\":[]}"), &e));
	ck_assert_int_eq(e.code, ERROR_NONE);
	/* at its bounds */
	for (int i = 0; i < 40; i++)
		bytes_format(&many, "%s\"k%d\":%d", i == 0 ? "{\"where\":{" : ",", i, i);
	bytes_text(&many, "}}");
	ck_assert_ptr_null(eventfilter_read((struct span){ many.data, many.len }, &e));
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	many.len = 0;
	for (int i = 0; i < 40; i++)
		bytes_format(&many, "%s\"k/%d\"", i == 0 ? "{\"types\":[" : ",", i);
	bytes_text(&many, "]}");
	ck_assert_ptr_null(eventfilter_read((struct span){ many.data, many.len }, &e));
	ck_assert_int_eq(e.code, ERROR_LIMIT);
}
END_TEST

/* What a publisher that is bound to builds may not say. */
static const struct {
	const char *event, *why; /* NULL: it is taken */
} bound[] = {
	{ "{\"type\":\"a/b\",\"build\":\"o/r/1\"}", NULL },
	{ "{\"type\":\"a/b\",\"build\":\"o/r/1\",\"x\":{\"y\":1,\"y\":2}}", NULL },
	{ "{\"type\":\"a/b\"}", "build: only builds that begin with o/r/" },
	{ "{\"type\":\"a/b\",\"build\":\"o/s/1\"}", "build: only builds that begin with o/r/" },
	{ "{\"type\":\"a/b\",\"build\":\"o/r/1\",\"x\":1,\"x\":2}", "x: the key comes twice" },
	{ "{\"type\":\"a/b\",\"build\":\"o/r/1\",\"bu\\u0069ld\":\"p\"}", "a key may hold no escapes" },
};

START_TEST(bound_publisher)
{
	struct builds b = { 0 };
	struct intake in = { .builds = &b, .next = 1 };
	struct message m;
	struct error e = { 0 };

	ck_assert_int_eq(message_read(&m, bound[_i].event, strlen(bound[_i].event), &e), 0);
	if (bound[_i].why == NULL) {
		ck_assert_int_eq(intake_take(&in, &m, "o/r/", &e), INTAKE_TAKEN);
	} else {
		ck_assert_int_eq(intake_take(&in, &m, "o/r/", &e), INTAKE_REFUSED);
		ck_assert_msg(strstr(e.text, bound[_i].why) != NULL, "%s", e.text);
		ck_assert_int_eq(e.code, ERROR_REFUSED);
	}
	intake_free(&in);
	builds_free(&b);
}
END_TEST

/* A line at the bound: what the hub adds must fit. */
START_TEST(longest_event)
{
	struct builds b = { 0 };
	struct intake in = { .builds = &b, .next = 1 };
	AUTO_BYTES event = { 0 };
	struct message m;
	struct error e = { 0 };

	bytes_text(&event, "{\"type\":\"a/b\",\"x\":\"");
	memset(bytes_reserve(&event, LINE_LIMIT), 'x', LINE_LIMIT);
	event.len = LINE_LIMIT - 100;
	bytes_text(&event, "\"}");
	ck_assert_int_eq(message_read(&m, event.data, event.len, &e), 0);
	ck_assert_int_eq(intake_take(&in, &m, NULL, &e), INTAKE_TAKEN);
	memset(event.data + LINE_LIMIT - 100, 'x', 80);
	event.len = LINE_LIMIT - 20;
	bytes_text(&event, "\"}");
	ck_assert_int_eq(message_read(&m, event.data, event.len, &e), 0);
	ck_assert_int_eq(intake_take(&in, &m, NULL, &e), INTAKE_REFUSED);
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	ck_assert_uint_eq(in.count, 1);
	ck_assert_uint_eq(in.next, 2);
	intake_free(&in);
}
END_TEST

START_TEST(meter)
{
	struct meter m = { 0 };

	ck_assert_int_eq(meter_rate(&m, 100 * SECOND), 0);
	for (int64_t s = 100; s < 110; s++)
		meter_add(&m, s * SECOND, 70);
	ck_assert_int_eq(meter_rate(&m, 110 * SECOND), 70);
	ck_assert_int_eq(meter_rate(&m, 115 * SECOND), 35);
	ck_assert_int_eq(meter_rate(&m, 1000 * SECOND), 0);
}
END_TEST

/* RFC 3720 appendix B.4, whole and in two pieces. */
START_TEST(checksum)
{
	unsigned char zeros[32] = { 0 }, ones[32], rising[32];

	for (unsigned i = 0; i < 32; i++) {
		ones[i] = 0xff;
		rising[i] = (unsigned char)i;
	}
	ck_assert_uint_eq(checksum_add(0, zeros, 32), 0x8a9136aa);
	ck_assert_uint_eq(checksum_add(0, ones, 32), 0x62a8ab43);
	ck_assert_uint_eq(checksum_add(0, rising, 32), 0x46dd794e);
	ck_assert_uint_eq(checksum_add(0, rising, 0), 0);
	for (unsigned i = 0; i <= 32; i++)
		ck_assert_uint_eq(checksum_add(checksum_add(0, rising, i), rising + i, 32 - i),
		    0x46dd794e);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hub");
	TCase *t = tcase_create("hub");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, builds);
	tcase_add_test(t, many_builds);
	tcase_add_loop_test(t, filter, 0, sizeof(filters) / sizeof(filters[0]));
	tcase_add_test(t, no_filter);
	tcase_add_loop_test(t, bound_publisher, 0, sizeof(bound) / sizeof(bound[0]));
	tcase_add_test(t, longest_event);
	tcase_add_test(t, meter);
	tcase_add_test(t, checksum);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
