#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line.h"

#define LIMIT 16 /* of the tests: the newline included */

/* What came out of a stream: "number:text;" a line, "number:!;" one that was too long. */
static void
drain(struct line_reader *r, struct bytes *out)
{
	struct span line;
	enum line_result got;

	while ((got = line_next(r, &line)) != LINE_NONE) {
		bytes_format(out, "%llu:", (unsigned long long)r->number);
		if (got == LINE_OK)
			bytes_add(out, line.p, line.n);
		else
			bytes_char(out, '!');
		bytes_char(out, ';');
	}
}

static void
feed(struct bytes *out, const char *stream, size_t n, size_t chunk)
{
	struct line_reader r = { .limit = LIMIT };
	struct span rest;

	for (size_t at = 0; at < n; at += chunk) {
		/* each chunk is copied, so that a sanitizer sees a reader that keeps a pointer to it */
		size_t size = n - at < chunk ? n - at : chunk;
		char *copy = malloc(size);

		memcpy(copy, stream + at, size);
		line_add(&r, copy, size);
		free(copy);
		drain(&r, out);
	}
	rest = line_rest(&r);
	if (rest.n > 0) {
		bytes_text(out, "rest:");
		bytes_add(out, rest.p, rest.n);
	}
	line_free(&r);
}

static const struct {
	const char *stream, *lines;
} cases[] = {
	{ "", "" },
	{ "\n", "1:;" },
	{ "a\n", "1:a;" },
	{ "a\nb\n\nc\n", "1:a;2:b;3:;4:c;" },
	{ "a\r\nb\r\n", "1:a\r;2:b\r;" },
	{ "a\nno end", "1:a;rest:no end" },
	{ "no end", "rest:no end" },
	{ "123456789012345\n", "1:123456789012345;" },
	{ "1234567890123456\n", "1:!;" },
	{ "12345678901234567890\nb\n", "1:!;2:b;" },
	{ "a\n1234567890123456789012345678901234567890\nb\n12345678901234567\nc\n",
	  "1:a;2:!;3:b;4:!;5:c;" },
	{ "a\n12345678901234567890", "1:a;2:!;" },
	{ "a\n123456789012345", "1:a;rest:123456789012345" },
};

/* However the stream is cut into reads, the same lines come out. */
START_TEST(any_chunks)
{
	size_t n = strlen(cases[_i].stream);

	for (size_t chunk = 1; chunk <= n + 1; chunk++) {
		AUTO_BYTES out = { 0 };

		feed(&out, cases[_i].stream, n, chunk);
		ck_assert_msg(strcmp(bytes_string(&out), cases[_i].lines) == 0,
		    "in chunks of %zu: %s, expected %s", chunk, bytes_string(&out), cases[_i].lines);
	}
}
END_TEST

START_TEST(zero_bytes)
{
	AUTO_BYTES out = { 0 };

	feed(&out, "a\0b\n", 4, 2);
	ck_assert_uint_eq(out.len, 6);
	ck_assert_int_eq(memcmp(out.data, "1:a\0b;", 6), 0);
}
END_TEST

/* An endless line costs no more memory than the limit and what is read at once. */
START_TEST(endless)
{
	struct line_reader r = { 0 };
	struct span line;
	char *chunk = calloc(1, 65536);
	int reports = 0;

	memset(chunk, 'x', 65536);
	for (int i = 0; i < 1000; i++) {
		line_add(&r, chunk, 65536);
		while (line_next(&r, &line) == LINE_LONG)
			reports++;
		ck_assert_uint_le(r.buffer.size, 4 * LINE_LIMIT);
	}
	ck_assert_int_eq(reports, 1);
	ck_assert_uint_eq(line_rest(&r).n, 0);
	line_add(&r, "\nnext\n", 6);
	ck_assert_int_eq(line_next(&r, &line), LINE_OK);
	ck_assert(span_is(line, "next"));
	ck_assert_uint_eq(r.number, 2);
	line_free(&r);
	free(chunk);
}
END_TEST

START_TEST(from_descriptor)
{
	struct line_reader r = { 0 };
	struct span line;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(kernel_write_all(ends[1], "one\ntw", 6), 0);
	ck_assert_int_eq(line_read(&r, ends[0]), 6);
	ck_assert_int_eq(line_next(&r, &line), LINE_OK);
	ck_assert(span_is(line, "one"));
	ck_assert_int_eq(line_next(&r, &line), LINE_NONE);
	ck_assert_int_lt(line_read(&r, ends[0]), 0);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(kernel_write_all(ends[1], "o\n", 2), 0);
	ck_assert_int_eq(line_read(&r, ends[0]), 2);
	ck_assert_int_eq(line_next(&r, &line), LINE_OK);
	ck_assert(span_is(line, "two"));
	close(ends[1]);
	ck_assert_int_eq(line_read(&r, ends[0]), 0);
	close(ends[0]);
	line_free(&r);
}
END_TEST

/* The bytes that an announcing line says follow it. */
START_TEST(raw_bytes)
{
	struct line_reader r = { 0 };
	struct span line;
	struct span raw;

	line_add(&r, "head\nab\ncdtail\n", 15);
	ck_assert_int_eq(line_next(&r, &line), LINE_OK);
	raw = line_take(&r, 5);
	ck_assert(span_is(raw, "ab\ncd"));
	ck_assert_int_eq(line_next(&r, &line), LINE_OK);
	ck_assert(span_is(line, "tail"));
	ck_assert_uint_eq(line_take(&r, 5).n, 0);
	line_free(&r);
}
END_TEST

/* Runs hold the same lines as they come one by one, whatever the pieces of the stream are. */
START_TEST(runs)
{
	static const char stream[] = "a\n\nbbbbbbbbbbbbbb\nc\nrest";
	AUTO_BYTES out = { 0 };
	struct line_reader r = { .limit = LIMIT };
	struct span run;
	size_t chunk = (size_t)_i, n = sizeof(stream) - 1;

	for (size_t at = 0; at < n; at += chunk) {
		line_add(&r, stream + at, n - at < chunk ? n - at : chunk);
		while (line_run(&r, &run) == LINE_OK) {
			ck_assert_int_eq(run.p[run.n - 1], '\n');
			bytes_add(&out, run.p, run.n);
		}
	}
	ck_assert_str_eq(bytes_string(&out), "a\n\nbbbbbbbbbbbbbb\nc\n");
	ck_assert(span_is(line_rest(&r), "rest"));
	line_free(&r);
}
END_TEST

/* A line without an end is skipped and reported once, and what is behind it comes. */
START_TEST(endless_run)
{
	struct line_reader r = { .limit = LIMIT };
	struct span run;
	int reported = 0;

	for (int i = 0; i < 100; i++) {
		line_add(&r, "xxxx", 4);
		reported += line_run(&r, &run) == LINE_LONG;
	}
	ck_assert_int_eq(reported, 1);
	ck_assert_uint_lt(r.buffer.len, 2 * LIMIT);
	line_add(&r, "x\nnext\n", 7);
	ck_assert_int_eq(line_run(&r, &run), LINE_OK);
	ck_assert(span_is(run, "next\n"));
	line_free(&r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line");
	TCase *t = tcase_create("line");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, any_chunks, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(t, zero_bytes);
	tcase_add_test(t, endless);
	tcase_add_test(t, from_descriptor);
	tcase_add_test(t, raw_bytes);
	tcase_add_loop_test(t, runs, 1, 26);
	tcase_add_test(t, endless_run);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
