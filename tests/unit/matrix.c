/* Matrices: which jobs come out of one spec, in which order, with which environment. */
#include "cmd/mci-build/matrix.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static int
collect(void *arg, struct spec *s, const struct spec_pair *values, size_t n, struct error *e)
{
	struct bytes *into = arg;

	(void)values;
	(void)n;
	(void)e;
	if (into->len > 0)
		bytes_char(into, ' ');
	bytes_text(into, s->id);
	for (size_t i = 0; i < s->nenv; i++)
		bytes_format(into, "%c%s=%s", i == 0 ? '|' : ',', s->env[i].name, s->env[i].value);
	ck_assert(!spec_has(s, SPEC_MATRIX));
	ck_assert_uint_eq(s->matrix.n, 0);
	spec_free(s);
	return 0;
}

static int
expand(const char *line, struct bytes *into, struct error *e)
{
	struct spec s;
	int status;

	ck_assert_int_eq(spec_read(&s, line, strlen(line), 0, e), 0);
	status = matrix_expand(&s, collect, into, e);
	spec_free(&s);
	return status;
}

#define JOB(rest) "{\"id\":\"j\",\"script\":\"x\"," rest "}"

static const struct row {
	const char *line, *jobs;
} rows[] = {
	{ JOB("\"env\":{\"A\":1}"), "j|A=1" },
	{ JOB("\"matrix\":{\"CC\":[\"gcc\",\"clang\"]}"),
	    "j.gcc|CC=gcc,MCI_MATRIX=gcc j.clang|CC=clang,MCI_MATRIX=clang" },
	{ JOB("\"matrix\":{\"A\":[1,2.50],\"B\":[true]},\"env\":{\"C\":\"c\"}"),
	    "j.1.true|A=1,B=true,MCI_MATRIX=1.true,C=c "
	    "j.2.50.true|A=2.50,B=true,MCI_MATRIX=2.50.true,C=c" },
	{ JOB("\"matrix\":{\"A\":[\"1\",\"2\"],\"B\":[\"x\",\"y\"]}"),
	    "j.1.x|A=1,B=x,MCI_MATRIX=1.x j.1.y|A=1,B=y,MCI_MATRIX=1.y "
	    "j.2.x|A=2,B=x,MCI_MATRIX=2.x j.2.y|A=2,B=y,MCI_MATRIX=2.y" },
	/* what no id may hold becomes _, in the id alone */
	{ JOB("\"matrix\":{\"A\":[\"a b/\xc3\xa9\"]}"),
	    "j.a_b___|A=a b/\xc3\xa9,MCI_MATRIX=a_b___" },
	/* the matrix' value replaces the spec's own */
	{ JOB("\"matrix\":{\"A\":[1]},\"env\":{\"Z\":0,\"A\":9}"), "j.1|MCI_MATRIX=1,Z=0,A=1" },
	{ JOB("\"matrix\":{\"A\":[1,2],\"B\":[1,2],\"exclude\":[{\"A\":1,\"B\":2},{\"A\":\"2\"}]}"),
	    "j.1.1|A=1,B=1,MCI_MATRIX=1.1" },
	/* what is included is a combination more, or variables more of one that is there */
	{ JOB("\"matrix\":{\"A\":[1,2],\"include\":[{\"A\":2,\"X\":\"x\"},{\"X\":\"y\",\"A\":3},{\"A\":2,\"X\":\"z\"}]}"),
	    "j.1|A=1,MCI_MATRIX=1 j.2|A=2,X=z,MCI_MATRIX=2 j.3|A=3,X=y,MCI_MATRIX=3" },
	/* also when it was excluded */
	{ JOB("\"matrix\":{\"A\":[1],\"exclude\":[{\"A\":1}],\"include\":[{\"A\":1,\"B\":2}]}"),
	    "j.1|A=1,B=2,MCI_MATRIX=1" },
	{ JOB("\"matrix\":{\"A\":[1],\"max\":1}"), "j.1|A=1,MCI_MATRIX=1" },
	/* a list: the values in the order in which they are written */
	{ JOB("\"matrix\":[{\"A\":1,\"B\":2},{\"B\":[3,4],\"C\":5}]"),
	    "j.1.2|A=1,B=2,MCI_MATRIX=1.2 j.3.5|B=3,C=5,MCI_MATRIX=3.5 j.4.5|B=4,C=5,MCI_MATRIX=4.5" },
	{ JOB("\"matrix\":{\"max\":2,\"include\":[{\"A\":1},{\"A\":2}]}"),
	    "j.1|A=1,MCI_MATRIX=1 j.2|A=2,MCI_MATRIX=2" },
	{ JOB("\"parallel\":2"), "j.1|MCI_PARALLEL_INDEX=1,MCI_PARALLEL_TOTAL=2 "
	    "j.2|MCI_PARALLEL_INDEX=2,MCI_PARALLEL_TOTAL=2" },
	{ JOB("\"matrix\":{\"A\":[7]},\"parallel\":1"),
	    "j.7.1|A=7,MCI_MATRIX=7,MCI_PARALLEL_INDEX=1,MCI_PARALLEL_TOTAL=1" },
};

START_TEST(test_expand)
{
	AUTO_BYTES jobs = { 0 };
	struct error e = { 0 };

	ck_assert_msg(expand(rows[_i].line, &jobs, &e) == 0, "%s", e.text);
	ck_assert_str_eq(bytes_string(&jobs), rows[_i].jobs);
}
END_TEST

static const struct bad {
	const char *matrix, *says;
} bads[] = {
	{ "{}", ": expected at least one name" },
	{ "{\"A\":[]}", ".A: expected at least one value" },
	{ "{\"A\":\"x\"}", ".A: expected a list of values, found a string" },
	{ "{\"A\":[\"x\",null]}", ".A[1]: expected a text or a number, found null" },
	{ "{\"A\":[[1]]}", ".A[0]: expected a text or a number, found an array" },
	{ "{\"A\":[\"\"]}", ".A[0]: expected a text that is not empty" },
	{ "{\"A-B\":[1]}", ".A-B: not a name" },
	{ "{\"A\":[1],\"A\":[2]}", ".A: the key comes twice" },
	{ "{\"A\":[1,\"1\"]}", ": A=1 and A=1 both give a job whose id ends in .1" },
	{ "{\"A\":[\"a b\",\"a_b\"]}", ": A=a b and A=a_b both give a job whose id ends in .a_b" },
	{ "{\"A\":[\"1\",\"1.2\"],\"B\":[\"2.3\",\"3\"]}",
	    ": A=1 B=2.3 and A=1.2 B=3 both give a job whose id ends in .1.2.3" },
	{ "{\"A\":[1],\"exclude\":{}}", ".exclude: expected a list of objects, found an object" },
	{ "{\"A\":[1],\"exclude\":[1]}", ".exclude[0]: expected an object of names and values" },
	{ "{\"A\":[1],\"exclude\":[{\"B\":1}]}", ".exclude[0].B: not one of" },
	{ "{\"A\":[1],\"exclude\":[{\"A\":2}]}", ".exclude[0].A: not one of" },
	{ "{\"A\":[1],\"exclude\":[{\"A\":1}]}", ".exclude: leaves no job" },
	{ "[1]", "[0]: expected an object of names" },
	{ "[]", ": expected at least one combination" },
	{ "[{}]", "[0]: expected at least one name" },
	{ "[{\"A\":{}}]", "[0].A: expected a text or a number, found an object" },
	{ "[{\"A\":1,\"A\":2}]", "[0].A: the key comes twice" },
	{ "[{\"max\":1}]", "[0].max: the word is taken" },
	{ "[{\"A\":1},{\"B\":1}]", ": A=1 and B=1 both give a job whose id ends in .1" },
	{ "{\"A\":[1],\"max\":[1,2]}", ".max: is how many of the jobs run at once" },
	{ "{\"A\":[1],\"max\":0}", ".max: '0' is not a number" },
	{ "{\"A\":[1],\"include\":{}}", ".include: expected a list of objects" },
	{ "{\"A\":[1],\"B\":[2],\"include\":[{\"A\":1}]}", ".include[0]: gives B no value" },
	{ "{\"A\":[1],\"include\":[{\"A\":[1]}]}", ".include[0].A: expected a text" },
	{ "{\"A\":[1],\"include\":[{\"A\":1,\"B C\":1}]}", ".include[0].B C: not a name" },
	{ "{\"exclude\":[],\"include\":[{\"A\":1}]}", ".exclude: there are no names" },
};

START_TEST(test_bad)
{
	const char *text = bads[_i].matrix;
	struct error e = { 0 };

	const struct spec s = { .matrix = { text, strlen(text) } };

	ck_assert_int_eq(matrix_check(&s, &e), -1);
	ck_assert_msg(strncmp(e.text, "matrix", 6) == 0, "%s", e.text);
	ck_assert_msg(strncmp(e.text + 6, bads[_i].says, strlen(bads[_i].says)) == 0, "%s", e.text);
}
END_TEST

/* {"A":[0,...],"B":[0,...]}: a values times b values. */
static char *
product(unsigned a, unsigned b)
{
	struct bytes text = { 0 };

	bytes_text(&text, "{\"id\":\"j\",\"script\":\"x\",\"matrix\":{\"A\":[0");
	for (unsigned i = 1; i < a; i++)
		bytes_format(&text, ",%u", i);
	bytes_text(&text, "],\"B\":[0");
	for (unsigned i = 1; i < b; i++)
		bytes_format(&text, ",%u", i);
	bytes_text(&text, "]}}");
	return bytes_give(&text);
}

START_TEST(test_limit)
{
	AUTO_FREE char *most = product(16, 16);
	AUTO_FREE char *more = product(16, 17);
	AUTO_BYTES jobs = { 0 };
	struct error e = { 0 };

	ck_assert_int_eq(expand(most, &jobs, &e), 0);
	ck_assert_int_eq(expand(more, &jobs, &e), -1);
	ck_assert_str_eq(e.text, "matrix: more than 256 jobs");
}
END_TEST

/* What counts is what is left. */
START_TEST(test_limit_of_the_result)
{
	static const char *const parallel[] = { "16", "17" };
	AUTO_BYTES line = { 0 };

	for (int i = 0; i < 2; i++) {
		AUTO_BYTES jobs = { 0 };
		struct error e = { 0 };

		line.len = 0;
		bytes_format(&line, JOB("\"matrix\":{\"A\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]},"
		    "\"parallel\":%s"), parallel[i]);
		ck_assert_int_eq(expand(bytes_string(&line), &jobs, &e), i == 0 ? 0 : -1);
	}
	line.len = 0;
	bytes_text(&line, "{\"id\":\"j\",\"script\":\"x\",\"matrix\":{\"B\":[1,2],\"exclude\":[{\"B\":2}],\"A\":[0");
	for (int i = 1; i < 256; i++)
		bytes_format(&line, ",%d", i);
	bytes_text(&line, "]}}");
	{
		AUTO_BYTES jobs = { 0 };
		struct error e = { 0 };

		ck_assert_msg(expand(bytes_string(&line), &jobs, &e) == 0, "%s", e.text);
	}
}
END_TEST

START_TEST(test_id_too_long)
{
	AUTO_BYTES line = { 0 };
	AUTO_BYTES jobs = { 0 };
	struct error e = { 0 };

	bytes_text(&line, "{\"id\":\"");
	for (int i = 0; i < SPEC_ID_LIMIT; i++)
		bytes_char(&line, 'i');
	bytes_text(&line, "\",\"script\":\"x\",\"matrix\":{\"A\":[1]}}");
	ck_assert_int_eq(expand(bytes_string(&line), &jobs, &e), -1);
	ck_assert_msg(strstr(e.text, "130 bytes long, 128 are allowed") != NULL, "%s", e.text);
}
END_TEST

static int
stop(void *arg, struct spec *s, const struct spec_pair *values, size_t n, struct error *e)
{
	(void)values;
	(void)n;
	(void)e;
	spec_free(s);
	return ++*(int *)arg == 2 ? 7 : 0;
}

START_TEST(test_stop)
{
	static const char line[] = JOB("\"matrix\":{\"A\":[1,2,3]}");
	struct spec s;
	struct error e;
	int calls = 0;

	ck_assert_int_eq(spec_read(&s, line, strlen(line), 0, &e), 0);
	ck_assert_int_eq(matrix_expand(&s, stop, &calls, &e), 7);
	ck_assert_int_eq(calls, 2);
	spec_free(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("matrix");
	TCase *tests = tcase_create("matrix");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_expand, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(tests, test_bad, 0, (int)(sizeof(bads) / sizeof(bads[0])));
	tcase_add_test(tests, test_limit);
	tcase_add_test(tests, test_limit_of_the_result);
	tcase_add_test(tests, test_id_too_long);
	tcase_add_test(tests, test_stop);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
