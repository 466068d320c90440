/* Conditions: which are well-formed, and what they decide on which facts. */
#include "cmd/mci-build/when.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct span
span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* The facts that the decisions below are made on: "branch tag event paths". */
static char *changed[] = { "src/main.c", "doc/a.md" };
static char *tags[] = { "v1.2", "v1.2-rc1" };
static const struct when_facts push = { "main", "push", NULL, NULL, 0, true, changed, 2 };
static const struct when_facts tagged = { NULL, "push", NULL, tags, 1, true, changed, 1 };
static const struct when_facts twice = { NULL, "push", NULL, tags, 2, true, changed, 1 };
static const struct when_facts bare = { NULL, NULL, NULL, NULL, 0, false, NULL, 0 };
static const struct when_facts unchanged = { "main", NULL, NULL, NULL, 0, true, NULL, 0 };
static const struct when_facts merge = { "topic", "pull-request", "main", NULL, 0, false, NULL, 0 };

static const struct decision {
	const char *when;
	const struct when_facts *facts;
	const char *skips; /* the key that does not hold, NULL: the job runs */
} decisions[] = {
	{ "", &push, NULL },
	{ "\"always\"", &push, NULL },
	{ "{}", &push, NULL },
	{ "{\"branch\":\"main\"}", &push, NULL },
	{ "{\"branch\":\"release/*\"}", &push, "branch" },
	{ "{\"branch\":[\"release/*\",\"main\"]}", &push, NULL },
	{ "{\"branch\":\"!main\"}", &push, "branch" },
	{ "{\"branch\":\"!other\"}", &push, NULL },
	{ "{\"branch\":[\"*\",\"!main\"]}", &push, "branch" },
	{ "{\"branch\":[\"!main\",\"*\"]}", &push, "branch" },
	{ "{\"branch\":\"m\\u0061in\"}", &push, NULL },
	/* no branch: nothing fits, and nothing is forbidden */
	{ "{\"branch\":\"**\"}", &tagged, "branch" },
	{ "{\"branch\":\"!main\"}", &tagged, NULL },
	{ "{\"tag\":\"v*\"}", &tagged, NULL },
	{ "{\"tag\":\"v*\"}", &push, "tag" },
	{ "{\"tag\":true}", &tagged, NULL },
	{ "{\"tag\":true}", &push, "tag" },
	{ "{\"tag\":\"true\"}", &tagged, NULL },
	{ "{\"tag\":false}", &tagged, "tag" },
	{ "{\"tag\":false}", &push, NULL },
	/* one of a commit's tags is enough, if nothing excludes that one */
	{ "{\"tag\":\"*-rc*\"}", &twice, NULL },
	{ "{\"tag\":[\"v*\",\"!*-rc*\"]}", &twice, NULL },
	{ "{\"tag\":[\"*-rc*\",\"!v*\"]}", &twice, "tag" },
	{ "{\"tag\":\"!v1.2\"}", &twice, NULL },
	{ "{\"tag\":\"!v1.2\"}", &tagged, "tag" },
	{ "{\"tag\":\"!v*\"}", &push, NULL },
	{ "{\"event\":[\"push\",\"manual\"]}", &push, NULL },
	{ "{\"event\":\"cron\"}", &push, "event" },
	/* one changed path is enough, if nothing excludes that one */
	{ "{\"path\":\"src/**\"}", &push, NULL },
	{ "{\"path\":\"src/\"}", &push, NULL },
	{ "{\"path\":\"test/\"}", &push, "path" },
	{ "{\"path\":[\"src/**\",\"!**/*.c\"]}", &push, "path" },
	{ "{\"path\":\"!**/*.md\"}", &push, NULL },
	{ "{\"path\":[\"**/*.md\",\"!doc/\"]}", &push, "path" },
	{ "{\"path\":\"**\"}", &unchanged, "path" },
	{ "{\"path\":\"test/\"}", &bare, NULL },
	/* all keys must hold */
	{ "{\"branch\":\"main\",\"path\":\"test/\"}", &push, "path" },
	{ "{\"branch\":\"main\",\"event\":\"push\",\"status\":\"always\"}", &push, NULL },
	{ "{\"target\":\"main\"}", &merge, NULL },
	{ "{\"target\":\"main\"}", &push, "target" },
	/* of a list one must hold; each key that did not is told once */
	{ "[{\"branch\":\"x\"},{\"event\":\"push\"}]", &push, NULL },
	{ "[{\"branch\":\"x\"},{\"branch\":\"y\"},{\"tag\":true}]", &push, "branch, tag" },
};

START_TEST(test_static)
{
	const struct decision *d = &decisions[_i];
	AUTO_BYTES why = { 0 };
	unsigned statuses = when_decide(span(d->when), d->facts, &why);
	struct error e = { 0 };

	ck_assert_msg(when_check(span(d->when), &e) == 0, "%s%s", d->when, e.text);
	ck_assert_msg((d->skips == NULL) == (statuses != 0), "%s", d->when);
	if (d->skips != NULL)
		ck_assert_str_eq(bytes_string(&why), d->skips);
}
END_TEST

static const struct bad {
	const char *when, *says;
} bads[] = {
	{ "\"never\"", ": expected \"success\", \"failure\" or \"always\"" },
	{ "[]", ": expected at least one condition" },
	{ "[1]", "[0]: expected an object of conditions" },
	{ "[{\"branch\":\"a\"},{\"evnt\":\"a\"}]", "[1].evnt: unknown key" },
	{ "1", ": expected an object" },
	{ "{\"branches\":\"x\"}", ".branches: unknown key; known are branch" },
	{ "{\"branch\":1}", ".branch: expected a glob or a list of globs, found a number" },
	{ "{\"branch\":true}", ".branch: expected a glob" },
	{ "{\"branch\":[]}", ".branch: expected at least one glob" },
	{ "{\"branch\":[\"a\",{}]}", ".branch[1]: expected a glob, found an object" },
	{ "{\"branch\":\"\"}", ".branch: expected a glob, found an empty one" },
	{ "{\"branch\":[\"!\"]}", ".branch[0]: expected a glob, found an empty one" },
	{ "{\"branch\":\"a\",\"branch\":\"b\"}", ".branch: the key comes twice" },
	{ "{\"branch\":\"a\\u0000\"}", ".branch: a string may not hold U+0000" },
	{ "{\"status\":\"never\"}", ".status: expected \"success\"" },
	{ "{\"status\":[\"always\"]}", ".status: expected \"success\"" },
};

START_TEST(test_bad)
{
	struct error e = { 0 };

	ck_assert_int_eq(when_check(span(bads[_i].when), &e), -1);
	ck_assert_msg(strncmp(e.text, bads[_i].says, strlen(bads[_i].says)) == 0, "%s", e.text);
}
END_TEST

START_TEST(test_status)
{
	static const struct {
		const char *when;
		const struct when_facts *facts; /* NULL: what may be */
		unsigned statuses;
	} all[] = {
		{ "", NULL, WHEN_SUCCESS },
		{ "\"success\"", NULL, WHEN_SUCCESS },
		{ "\"failure\"", NULL, WHEN_FAILURE },
		{ "\"always\"", NULL, WHEN_ALWAYS },
		{ "{\"branch\":\"x\"}", NULL, WHEN_SUCCESS },
		{ "{\"branch\":\"x\",\"status\":\"failure\"}", NULL, WHEN_FAILURE },
		/* each object of a list has its own, and those that hold come together */
		{ "[{\"branch\":\"x\",\"status\":\"failure\"},{}]", NULL, WHEN_ALWAYS },
		{ "[{\"branch\":\"x\",\"status\":\"failure\"},{}]", &push, WHEN_SUCCESS },
		{ "[{\"branch\":\"main\",\"status\":\"failure\"},{\"tag\":true}]", &push, WHEN_FAILURE },
		{ "[{\"branch\":\"main\",\"status\":\"failure\"},{}]", &push, WHEN_ALWAYS },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ck_assert_msg(when_decide(span(all[i].when), all[i].facts, NULL) == all[i].statuses, "%s",
		    all[i].when);
}
END_TEST

START_TEST(test_needs_facts)
{
	ck_assert(!when_needs_facts(span("")));
	ck_assert(!when_needs_facts(span("\"always\"")));
	ck_assert(!when_needs_facts(span("{\"status\":\"always\"}")));
	ck_assert(when_needs_facts(span("{\"status\":\"always\",\"tag\":\"x\"}")));
	ck_assert(!when_needs_facts(span("[{\"status\":\"always\"},{}]")));
	ck_assert(when_needs_facts(span("[{},{\"tag\":\"x\"}]")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("when");
	TCase *tests = tcase_create("when");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_static, 0, (int)(sizeof(decisions) / sizeof(decisions[0])));
	tcase_add_loop_test(tests, test_bad, 0, (int)(sizeof(bads) / sizeof(bads[0])));
	tcase_add_test(tests, test_status);
	tcase_add_test(tests, test_needs_facts);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
