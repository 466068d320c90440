/* What the queue of builds judges by: names of refs and objects, words that ask for no build; and the file of a
 * build's events, which no crash and no event that comes twice brings out of order. */
#include "cmd/mci-store/buildlog.h"
#include "cmd/mci-store/refname.h"
#include "cmd/mci-store/skipwords.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "names.h"

/* ---- refs */

static const struct {
	const char *name;
	bool ok;
} refs[] = {
	{ "refs/heads/main", true },
	{ "refs/heads/a/b", true },
	{ "refs/heads/--orphan", true }, /* git has it, and a whole name is no option */
	{ "refs/heads/x;rm", true },
	{ "refs/heads/$(id)", true },
	{ "refs/heads/\303\244", true },
	{ "refs/pull/7/merge", true },
	{ "main", false },
	{ "--orphan", false },
	{ "", false },
	{ "refs/", false },
	{ "refs//x", false },
	{ "refs/heads/x/", false },
	{ "refs/heads/.x", false },
	{ "refs/heads/x.lock", false },
	{ "refs/heads/x.lock/y", false },
	{ "refs/heads/x.", false },
	{ "refs/heads/a..b", false },
	{ "refs/heads/a b", false },
	{ "refs/heads/a\nb", false },
	{ "refs/heads/a\177", false },
	{ "refs/heads/a~1", false },
	{ "refs/heads/a^", false },
	{ "refs/heads/a:b", false },
	{ "refs/heads/a?", false },
	{ "refs/heads/a*", false },
	{ "refs/heads/a[", false },
	{ "refs/heads/a\\b", false },
	{ "refs/heads/@{", false },
};

START_TEST(test_ref)
{
	struct error e = { 0 };

	ck_assert_msg((refname_check(refs[_i].name, &e) == 0) == refs[_i].ok, "%s", refs[_i].name);
	ck_assert_ptr_null(strchr(e.text, '\n'));
}
END_TEST

START_TEST(test_long_ref)
{
	AUTO_BYTES b = { 0 };

	bytes_text(&b, "refs/heads/");
	while (b.len < 255 + 11)
		bytes_char(&b, 'x');
	ck_assert_int_eq(refname_check(bytes_string(&b), NULL), 0);
	while (b.len <= REFNAME_LIMIT)
		bytes_char(&b, 'x');
	ck_assert_int_eq(refname_check(bytes_string(&b), NULL), -1);
}
END_TEST

START_TEST(test_objects)
{
	ck_assert(refname_is_object("0123456789abcdef0123456789abcdef01234567"));
	ck_assert(!refname_is_object("0123456789ABCDEF0123456789abcdef01234567"));
	ck_assert(!refname_is_object("0123456"));
	ck_assert(!refname_is_object("main"));
	ck_assert(refname_is_nothing("0000000000000000000000000000000000000000"));
	ck_assert(!refname_is_nothing("0000000000000000000000000000000000000001"));
	ck_assert(!refname_is_nothing("0"));
	ck_assert_str_eq(refname_below("refs/heads/a/b", "refs/heads/"), "a/b");
	ck_assert_ptr_null(refname_below("refs/tags/a", "refs/heads/"));
}
END_TEST

/* ---- words */

static const struct {
	const char *message, *option;
	bool skips;
} words[] = {
	{ "Mend it [skip ci]", NULL, true },
	{ "[CI SKIP] mend it", NULL, true },
	{ "Mend it\n\nand more\n[no ci]\n", NULL, true },
	{ "Explain what skip ci does", NULL, false },
	{ "", NULL, false },
	{ NULL, NULL, false },
	{ NULL, "ci.skip", true },
	{ "Mend it", "ci.wait", false },
	{ "Mend it", "ci.skipped", false },
};

START_TEST(test_words)
{
	const char *options[] = { words[_i].option };

	ck_assert_msg((skipwords_find(words[_i].message, options, words[_i].option != NULL) != NULL) ==
	    words[_i].skips, "%s", words[_i].message);
}
END_TEST

/* ---- the file of a build */

#define BUILD "o/r/1"

static char folder[64];
static struct buildlog b;

static void
setup(void)
{
	strcpy(folder, "/tmp/mci-queue-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(buildlog_open(&b, folder, BUILD, NULL), 0);
}

static void
teardown(void)
{
	buildlog_close(&b);
	names_remove_tree(folder, NULL);
}

static bool
take(const char *members)
{
	AUTO_FREE char *line = xformat("{\"build\":\"" BUILD "\",\"time\":\"2026-11-23T18:00:00.000Z\",%s}\n",
	    members);
	struct message m;

	ck_assert_int_eq(message_read(&m, line, strlen(line) - 1, NULL), 0);
	return buildlog_take(&b, &m, (struct span){ line, strlen(line) });
}

static void
again(void)
{
	buildlog_close(&b);
	ck_assert_int_eq(buildlog_open(&b, folder, BUILD, NULL), 0);
}

#define SAID(run, seq, type) "\"run\":" #run ",\"seq\":" #seq ",\"type\":\"" type "\""
#define DECIDED(change, type) "\"change\":" #change ",\"type\":\"" type "\""

START_TEST(test_takes_what_is_new)
{
	ck_assert(take(DECIDED(3, "build/queued")));
	ck_assert(take(SAID(1, 1, "build/start")));
	ck_assert(!take(SAID(1, 1, "build/start")));
	ck_assert(!take(DECIDED(3, "build/queued")));
	ck_assert(!take(DECIDED(2, "build/queued")));
	ck_assert(!take("\"type\":\"log/opened\""));
	ck_assert(!take("\"type\":\"test/passed\",\"change\":\"x\""));
	ck_assert(take(DECIDED(9, "build/asked")));
	ck_assert(take(SAID(2, 2, "build/initializing")));
	ck_assert(!take(SAID(1, 3, "build/end") ",\"status\":\"success\""));
	ck_assert_int_eq(b.events, 4);
	ck_assert_int_eq(buildlog_flush(&b, NULL), 0);
}
END_TEST

START_TEST(test_knows_it_when_opened_again)
{
	ck_assert(take(DECIDED(3, "build/queued")));
	ck_assert(take(SAID(1, 1, "build/start")));
	ck_assert_int_eq(buildlog_flush(&b, NULL), 0);
	ck_assert(take(SAID(1, 2, "job/pending") ",\"job\":\"x\"")); /* and a crash before the file has it */
	again();
	ck_assert_int_eq(b.fold.status, STATUS_RUNNING);
	ck_assert(!take(DECIDED(3, "build/queued")));
	ck_assert(!take(SAID(1, 1, "build/start")));
	ck_assert(take(SAID(1, 2, "job/pending") ",\"job\":\"x\""));
	ck_assert_int_eq(b.events, 3);
}
END_TEST

/* A run that goes on begins with an event that has no number, and goes on with those of the run before. */
START_TEST(test_takes_the_begin_of_a_run)
{
	ck_assert(take(SAID(1, 1, "build/start")));
	ck_assert(take("\"run\":2,\"type\":\"build/initializing\""));
	ck_assert_int_eq(b.fold.status, STATUS_INITIALIZING);
	ck_assert(!take("\"run\":2,\"type\":\"build/initializing\""));
	ck_assert(!take(SAID(1, 2, "build/end") ",\"status\":\"success\""));
	ck_assert(!take(SAID(2, 1, "build/start")));
	ck_assert(take(SAID(2, 2, "build/start")));
	ck_assert(!take("\"run\":1,\"type\":\"build/initializing\""));
	ck_assert_int_eq(buildlog_flush(&b, NULL), 0);
	again();
	ck_assert_int_eq(b.events, 3);
	ck_assert(!take("\"run\":2,\"type\":\"build/initializing\""));
	ck_assert(take("\"run\":3,\"type\":\"build/initializing\""));
}
END_TEST

START_TEST(test_torn_line)
{
	ck_assert(take(SAID(1, 1, "build/start")));
	ck_assert_int_eq(buildlog_flush(&b, NULL), 0);
	ck_assert_int_eq(write(b.file.fd, "{\"build\":\"" BUILD "\",", 10), 10);
	again();
	ck_assert(take(SAID(1, 2, "build/end") ",\"status\":\"success\""));
	ck_assert_int_eq(buildlog_flush(&b, NULL), 0);
	again();
	ck_assert_int_eq(b.events, 2);
	ck_assert_int_eq(b.fold.status, STATUS_SUCCESS);
}
END_TEST

/* The end of a run counts once, and not when another run has begun. */
START_TEST(test_end_that_counts)
{
	take(DECIDED(1, "build/queued"));
	ck_assert_int_eq(b.fold.ended_run, -1);
	take("\"run\":1," DECIDED(2, "build/pending") ",\"agent\":\"a\"");
	take(SAID(1, 1, "build/end") ",\"status\":\"success\"");
	ck_assert_int_eq(b.fold.ended_run, 1);
	take("\"run\":1," DECIDED(3, "build/end") ",\"status\":\"error\",\"reason\":\"lost\"");
	ck_assert_int_eq(b.fold.status, STATUS_SUCCESS);
	ck_assert_ptr_null(b.fold.reason);
	take("\"run\":2," DECIDED(4, "build/pending") ",\"agent\":\"b\"");
	ck_assert_int_eq(b.fold.status, STATUS_PENDING);
	ck_assert_int_eq(b.fold.ended_run, 1);
	take(SAID(1, 2, "build/end") ",\"status\":\"failure\"");
	ck_assert_int_eq(b.fold.status, STATUS_PENDING);
	take("\"run\":2," DECIDED(5, "build/end") ",\"status\":\"error\",\"reason\":\"checkout\"");
	ck_assert_int_eq(b.fold.ended_run, 2);
	ck_assert_str_eq(b.fold.reason, "checkout");
}
END_TEST

/* What the store says may come to the hub behind what mci-build says. */
START_TEST(test_late_store)
{
	take(SAID(1, 1, "build/start"));
	take(DECIDED(1, "build/triggered"));
	take(DECIDED(2, "build/queued"));
	take("\"run\":1," DECIDED(3, "build/pending") ",\"agent\":\"a\"");
	ck_assert_int_eq(b.fold.status, STATUS_RUNNING);
	take("\"run\":1," DECIDED(4, "build/queued") ",\"reason\":\"lease\"");
	ck_assert_int_eq(b.fold.status, STATUS_QUEUED);
	take(SAID(2, 2, "build/initializing"));
	take("\"run\":2," DECIDED(5, "build/pending") ",\"agent\":\"b\"");
	ck_assert_int_eq(b.fold.status, STATUS_INITIALIZING);
	take(SAID(2, 3, "build/end") ",\"status\":\"success\"");
	take("\"run\":2," DECIDED(6, "build/queued"));
	ck_assert_int_eq(b.fold.status, STATUS_SUCCESS);
}
END_TEST

START_TEST(test_end_before_a_run)
{
	take(DECIDED(1, "build/queued"));
	take(DECIDED(2, "build/end") ",\"status\":\"canceled\"");
	ck_assert_int_eq(b.fold.ended_run, 0);
	ck_assert_int_eq(b.fold.status, STATUS_CANCELED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("queue");
	TCase *judged = tcase_create("judged"), *kept = tcase_create("kept");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(judged, test_ref, 0, sizeof(refs) / sizeof(refs[0]));
	tcase_add_test(judged, test_long_ref);
	tcase_add_test(judged, test_objects);
	tcase_add_loop_test(judged, test_words, 0, sizeof(words) / sizeof(words[0]));
	suite_add_tcase(s, judged);
	tcase_add_checked_fixture(kept, setup, teardown);
	tcase_add_test(kept, test_takes_what_is_new);
	tcase_add_test(kept, test_knows_it_when_opened_again);
	tcase_add_test(kept, test_takes_the_begin_of_a_run);
	tcase_add_test(kept, test_torn_line);
	tcase_add_test(kept, test_end_that_counts);
	tcase_add_test(kept, test_late_store);
	tcase_add_test(kept, test_end_before_a_run);
	suite_add_tcase(s, kept);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
