/* What a stream of events amounts to. */
#include "fold.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "memory.h"

#define AT(s) "\"time\":\"2026-11-23T18:00:0" #s ".000Z\""

static struct fold f;

static void
setup(void)
{
	fold_init(&f);
}

static void
teardown(void)
{
	fold_free(&f);
}

static int
take(const char *line)
{
	struct message m;
	struct error e = { 0 };

	ck_assert_msg(message_read(&m, line, strlen(line), &e) == 0, "%s: %s", line, e.text);
	return fold_event(&f, &m, &e);
}

static struct fold_job *
job(const char *id)
{
	struct fold_job *j = fold_find(&f, id, strlen(id));

	ck_assert_msg(j != NULL, "no job %s", id);
	return j;
}

/* Each event and the status that it leaves the job x in. */
static const struct step {
	const char *line;
	enum status status;
} steps[] = {
	{ "{\"type\":\"job/pending\",\"job\":\"x\",\"depends-on\":[\"a\"]}", STATUS_PENDING },
	{ "{\"type\":\"job/queued\",\"job\":\"x\"}", STATUS_QUEUED },
	{ "{\"type\":\"job/blocked\",\"job\":\"x\"}", STATUS_BLOCKED },
	{ "{\"type\":\"job/unblocked\",\"job\":\"x\"}", STATUS_PENDING },
	{ "{\"type\":\"job/initializing\",\"job\":\"x\",\"attempt\":1}", STATUS_INITIALIZING },
	{ "{\"type\":\"job/start\",\"job\":\"x\",\"attempt\":1,\"pid\":7}", STATUS_RUNNING },
	{ "{\"type\":\"deploy/done\",\"job\":\"x\",\"status\":\"failure\"}", STATUS_RUNNING },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"exit\",\"exit\":0}", STATUS_SUCCESS },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"exit\",\"exit\":2}", STATUS_FAILURE },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"signal\",\"signal\":9}", STATUS_FAILURE },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"timeout\"}", STATUS_FAILURE },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"limit:outputs\"}", STATUS_FAILURE },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"canceled\"}", STATUS_CANCELED },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"start\"}", STATUS_ERROR },
	{ "{\"type\":\"job/executed\",\"job\":\"x\",\"reason\":\"lost\"}", STATUS_ERROR },
	{ "{\"type\":\"job/end\",\"job\":\"x\",\"status\":\"skipped\"}", STATUS_SKIPPED },
	{ "{\"type\":\"job/end\",\"job\":\"x\",\"status\":\"success\"}", STATUS_SUCCESS },
	{ "{\"type\":\"job/end\",\"job\":\"x\",\"status\":\"nonsense\"}", STATUS_ERROR },
	{ "{\"type\":\"job/end\",\"job\":\"x\"}", STATUS_ERROR },
};

START_TEST(test_steps)
{
	size_t sum = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ck_assert_int_eq(take(steps[i].line), 0);
		ck_assert_msg(job("x")->status == steps[i].status, "%s: %s", steps[i].line,
		    status_name(job("x")->status));
		ck_assert_uint_eq(f.counts[steps[i].status], 1);
	}
	for (size_t i = 0; i < STATUS_N; i++)
		sum += f.counts[i];
	ck_assert_uint_eq(f.njobs, 1);
	ck_assert_uint_eq(sum, 1);
}
END_TEST

/* One that is saved again, by another attempt, stands in its place. */
START_TEST(test_artifacts)
{
	const struct fold_job *j;

	take("{\"type\":\"artifact/saved\"," AT(1) ",\"job\":\"x\",\"attempt\":1,\"artifact\":\"a\",\"files\":1,"
	    "\"bytes\":5,\"digest\":\"01\",\"name\":\"artifact/o/r/1/x/a\"}");
	take("{\"type\":\"artifact/saved\"," AT(1) ",\"job\":\"x\",\"attempt\":1,\"artifact\":\"b\"}");
	take("{\"type\":\"artifact/saved\"," AT(2) ",\"job\":\"x\",\"attempt\":2,\"artifact\":\"a\",\"files\":2,"
	    "\"bytes\":\"no number\"}");
	take("{\"type\":\"artifact/saved\",\"job\":\"x\",\"artifact\":7}");
	take("{\"type\":\"artifact/saved\",\"artifact\":\"of no job\"}");
	j = job("x");
	ck_assert_uint_eq(f.njobs, 1);
	ck_assert_uint_eq(j->nartifacts, 2);
	ck_assert_str_eq(j->artifacts[0].id, "a");
	ck_assert_int_eq(j->artifacts[0].files, 2);
	ck_assert_int_eq(j->artifacts[0].bytes, 0);
	ck_assert_ptr_null(j->artifacts[0].digest);
	ck_assert_str_eq(j->artifacts[1].id, "b");
}
END_TEST

START_TEST(test_job_fields)
{
	const struct fold_job *j;

	take("{\"type\":\"job/initializing\"," AT(1) ",\"job\":\"x\",\"attempt\":2}");
	take("{\"type\":\"job/start\"," AT(2) ",\"job\":\"x\",\"attempt\":2,\"pid\":7}");
	take("{\"type\":\"command/start\",\"job\":\"x\",\"attempt\":2,\"command\":1,\"text\":\"make \\\"a\\\"\"}");
	take("{\"type\":\"job/end\"," AT(5) ",\"job\":\"x\",\"attempt\":2,\"status\":\"failure\","
	    "\"reason\":\"signal\",\"signal\":9,\"elapsed\":3.25,\"user\":1.5,\"system\":0.5,"
	    "\"maxrss\":1048576,\"bytes\":77,\"allowed\":true}");
	j = job("x");
	ck_assert_int_eq(j->attempt, 2);
	ck_assert_int_eq(j->command, 1);
	ck_assert_str_eq(j->text, "make \"a\"");
	ck_assert_str_eq(j->reason, "signal");
	ck_assert_int_eq(j->signal, 9);
	ck_assert_int_eq(j->exit, -1);
	ck_assert_int_eq(j->elapsed, 3250 * MILLISECOND);
	ck_assert_int_eq(j->user + j->system, 2 * SECOND);
	ck_assert_int_eq(j->maxrss, 1048576);
	ck_assert_int_eq(j->bytes, 77);
	ck_assert_int_eq(j->ended - j->started, 3 * SECOND);
	ck_assert(j->allowed && !j->cached);
}
END_TEST

START_TEST(test_new_attempt_forgets)
{
	const struct fold_job *j;

	take("{\"type\":\"job/executed\"," AT(1) ",\"job\":\"x\",\"attempt\":1,\"reason\":\"exit\",\"exit\":3,\"elapsed\":1}");
	take("{\"type\":\"job/initializing\"," AT(2) ",\"job\":\"x\",\"attempt\":2}");
	j = job("x");
	ck_assert_ptr_null(j->reason);
	ck_assert_int_eq(j->exit, -1);
	ck_assert_int_eq(j->elapsed, 0);
	ck_assert_int_eq(j->ended, 0);
	ck_assert_int_eq(j->attempt, 2);
}
END_TEST

START_TEST(test_build)
{
	take("{\"seq\":1,\"build\":\"local/x/7\",\"run\":1,\"type\":\"build/start\"," AT(0) ",\"schema\":1,"
	    "\"folder\":\"/s/7\",\"dir\":\"/x\",\"definition\":\".mci/build\",\"pid\":1}");
	ck_assert_int_eq(f.status, STATUS_RUNNING);
	ck_assert_int_eq(f.exit, -1);
	take("{\"seq\":2,\"build\":\"local/x/7\",\"run\":1,\"type\":\"build/end\"," AT(9) ",\"status\":\"error\","
	    "\"elapsed\":9,\"exit\":125,\"message\":\"the script died\"}");
	ck_assert_str_eq(f.build, "local/x/7");
	ck_assert_str_eq(f.folder, "/s/7");
	ck_assert_str_eq(f.dir, "/x");
	ck_assert_str_eq(f.script, ".mci/build");
	ck_assert_str_eq(f.message, "the script died");
	ck_assert_int_eq(f.status, STATUS_ERROR);
	ck_assert_int_eq(f.exit, 125);
	ck_assert_int_eq(f.elapsed, 9 * SECOND);
	ck_assert_int_eq(f.ended - f.started, 9 * SECOND);
	ck_assert_int_eq(f.seq, 2);
}
END_TEST

/* Events with fields of other types, or without a job, change what they can and break nothing. */
START_TEST(test_odd_events)
{
	ck_assert_int_eq(take("{\"type\":\"job/queued\"}"), 0);
	ck_assert_uint_eq(f.njobs, 0);
	ck_assert_int_eq(take("{\"type\":\"job/end\",\"job\":\"x\",\"status\":7,\"exit\":\"two\",\"reason\":[],"
	    "\"elapsed\":{},\"text\":null,\"bytes\":-1,\"maxrss\":1e99}"), 0);
	ck_assert_int_eq(job("x")->exit, -1);
	ck_assert_ptr_null(job("x")->reason);
	ck_assert_int_eq(job("x")->bytes, 0);
	ck_assert_int_eq(take("{\"id\":\"x\"}"), -1);
	ck_assert_int_eq(take("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job/list\"}"), -1);
}
END_TEST

START_TEST(test_many_jobs)
{
	char line[80], id[16];

	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "{\"type\":\"job/queued\",\"job\":\"job-%d\"}", i);
		take(line);
	}
	ck_assert_uint_eq(f.njobs, 5000);
	ck_assert_uint_eq(f.counts[STATUS_QUEUED], 5000);
	for (size_t i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "job-%zu", i);
		ck_assert_uint_eq(job(id)->order, i);
	}
	ck_assert_ptr_null(fold_find(&f, "job-50", 4));
	ck_assert_ptr_null(fold_find(&f, "job-5000", 8));
}
END_TEST

START_TEST(test_status_names)
{
	for (int i = 0; i < STATUS_N; i++) {
		const char *name = status_name((enum status)i);

		ck_assert_int_eq(status_parse((struct span){ name, strlen(name) }), i);
	}
	ck_assert_int_eq(status_parse((struct span){ "failed", 6 }), -1);
	ck_assert(!status_ended(STATUS_BLOCKED));
	ck_assert(status_ended(STATUS_SUCCESS) && status_ended(STATUS_SKIPPED));
}
END_TEST

/* A file's text and what folding it gives. */
static const struct file {
	const char *text;
	int result;
	size_t njobs;
	const char *error;
} files[] = {
	{ "", 0, 0, NULL },
	{ "{\"type\":\"job/queued\",\"job\":\"a\"}\n", 0, 1, NULL },
	{ "{\"type\":\"job/queued\",\"job\":\"a\"}\n{\"type\":\"job/queued\",\"job\":\"b", 0, 1, NULL },
	{ "{\"type\":\"job/queued\",\"job\":\"a\"}\n{\"type\":\n", -1, 1, ":2: " },
	{ "{\"type\":\"job/queued\",\"job\":\"a\"}\n{\"id\":\"b\"}\n", -1, 1, ":2: " },
};

START_TEST(test_files)
{
	char path[] = "/tmp/mci-fold-XXXXXX";
	int fd = mkstemp(path);
	struct error e = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(dprintf(fd, "%s", files[_i].text), 0);
	close(fd);
	ck_assert_int_eq(fold_file(&f, path, &e), files[_i].result);
	ck_assert_uint_eq(f.njobs, files[_i].njobs);
	if (files[_i].error != NULL)
		ck_assert_msg(strstr(e.text, files[_i].error) != NULL, "%s", e.text);
	unlink(path);
}
END_TEST

START_TEST(test_no_file)
{
	struct error e = { 0 };

	ck_assert_int_eq(fold_file(&f, "/nowhere/events.ndjson", &e), -1);
	ck_assert_int_eq(e.code, ERROR_SYSTEM);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fold");
	TCase *t = tcase_create("fold");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_steps);
	tcase_add_test(t, test_artifacts);
	tcase_add_test(t, test_job_fields);
	tcase_add_test(t, test_new_attempt_forgets);
	tcase_add_test(t, test_build);
	tcase_add_test(t, test_odd_events);
	tcase_add_test(t, test_many_jobs);
	tcase_add_test(t, test_status_names);
	tcase_add_loop_test(t, test_files, 0, sizeof(files) / sizeof(files[0]));
	tcase_add_test(t, test_no_file);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
