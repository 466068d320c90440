/* What configuration files mean, and what is refused with file and line. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

static char folder[] = "/tmp/mci-config-XXXXXX";
static char *project, *user_base, *project_file, *user_file;

static void
put(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
make_folders(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	project = xformat("%s/project", folder);
	user_base = xformat("%s/user", folder);
	project_file = xformat("%s/.mci/conf", project);
	user_file = xformat("%s/mci/conf", user_base);
	AUTO_FREE char *a = xformat("%s/.mci", project), *b = xformat("%s/mci", user_base);
	ck_assert_int_eq(mkdir(project, 0700) | mkdir(a, 0700) | mkdir(user_base, 0700) | mkdir(b, 0700), 0);
	setenv("XDG_CONFIG_HOME", user_base, 1);
}

static void
remove_folders(void)
{
	AUTO_FREE char *a = xformat("%s/.mci", project), *b = xformat("%s/mci", user_base);

	unlink(project_file);
	unlink(user_file);
	rmdir(a);
	rmdir(b);
	rmdir(project);
	rmdir(user_base);
	rmdir(folder);
	free(project);
	free(user_base);
	free(project_file);
	free(user_file);
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
}

static const struct good {
	const char *text, *key, *value; /* value NULL: the key is not set */
} good[] = {
	{ "build.jobs = 4\n", "build.jobs", "4" },
	{ "build.jobs=4", "build.jobs", "4" },
	{ "  build.jobs\t=  4  \r\n", "build.jobs", "4" },
	{ "# a comment\n\n \t\nbuild.jobs = 4 # four\n", "build.jobs", "4" },
	{ "show.color = x#fff\n", "show.color", "x#fff" },
	{ "show.color = a#b #c\n", "show.color", "a#b" },
	{ "build.param = A=B\n", "build.param", "A=B" },
	{ "build.jobs = 1\nbuild.jobs = 2\n", "build.jobs", "2" },
	{ "build.jobs = 1\n", "job.jobs", NULL },
	{ "", "build.jobs", NULL },
	{ "build.log-dir = /a b/c\n", "build.log-dir", "/a b/c" },
};

/* That of the highest file that sets key, or NULL. */
static const struct config_entry *
find(const struct config *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->entries[i].key, key) == 0)
			return &c->entries[i];
	}
	return NULL;
}

START_TEST(test_good)
{
	struct config c;
	struct error e = { 0 };
	const struct config_entry *entry;

	put(user_file, good[_i].text);
	ck_assert_msg(config_load(&c, project, &e) == 0, "%s", e.text);
	entry = find(&c, good[_i].key);
	if (good[_i].value == NULL)
		ck_assert_ptr_null(entry);
	else
		ck_assert_str_eq(entry->value, good[_i].value);
	config_free(&c);
}
END_TEST

static const struct bad {
	const char *text, *says;
} bad[] = {
	{ "build.jobs 4\n", "conf:1: expected 'program.option = value'" },
	{ "\n\nbuild = 4\n", "conf:3: 'build' is not a key" },
	{ "build. = 4\n", "'build.' is not a key" },
	{ "a.b.c = 4\n", "'a.b.c' is not a key" },
	{ "Build.jobs = 4\n", "is not a key" },
	{ "= 4\n", "'' is not a key" },
	{ "build.jobs =\n", "conf:1: build.jobs has no value" },
	{ "build.jobs = # none\n", "build.jobs has no value" },
};

START_TEST(test_bad)
{
	struct config c;
	struct error e = { 0 };

	put(user_file, bad[_i].text);
	ck_assert_int_eq(config_load(&c, NULL, &e), -1);
	ck_assert_int_eq(e.code, ERROR_INPUT);
	ck_assert_msg(strstr(e.text, bad[_i].says) != NULL, "%s", e.text);
}
END_TEST

START_TEST(test_project_wins)
{
	struct config c;
	struct error e = { 0 };

	put(user_file, "build.jobs = 1\nbuild.timeout = 5m\n");
	put(project_file, "build.jobs = 2\n");
	ck_assert_msg(config_load(&c, project, &e) == 0, "%s", e.text);
	ck_assert_str_eq(find(&c, "build.jobs")->value, "2");
	ck_assert_str_eq(find(&c, "build.jobs")->file, project_file);
	ck_assert(find(&c, "build.jobs")->project);
	ck_assert(!find(&c, "build.timeout")->project);
	ck_assert_uint_eq(find(&c, "build.jobs")->line, 1);
	ck_assert_str_eq(find(&c, "build.timeout")->file, user_file);
	config_free(&c);
}
END_TEST

START_TEST(test_unreadable)
{
	struct config c;
	struct error e = { 0 };

	ck_assert_int_eq(mkdir(user_file, 0700), 0);
	ck_assert_int_eq(config_load(&c, NULL, &e), -1);
	ck_assert_int_eq(e.code, ERROR_SYSTEM);
	ck_assert_msg(strstr(e.text, user_file) != NULL, "%s", e.text);
	rmdir(user_file);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("config");
	TCase *t = tcase_create("config");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, make_folders, remove_folders);
	tcase_add_loop_test(t, test_good, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, test_bad, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, test_project_wins);
	tcase_add_test(t, test_unreadable);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
