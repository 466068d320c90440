/* Where builds are kept, and what their names mean. */
#include "state.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "memory.h"
#include "removal.h"

static char folder[] = "/tmp/mci-state-XXXXXX";
static char *project;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
make_folder(const char *path)
{
	AUTO_FREE char *command = xformat("%s/%s", folder, path);

	ck_assert_int_eq(mkdir(command, 0700), 0);
}

static void
setup(void)
{
	AUTO_FREE char *state = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	state = xformat("%s/state", folder);
	setenv("XDG_STATE_HOME", state, 1);
	make_folder("zlib");
	make_folder("zlib/.mci");
	project = xformat("%s/zlib", folder);
}

static void
teardown(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(project);
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
}

/* Makes a build whose log is the text; it does not run any more. */
static void
make_build(const char *of, const char *log)
{
	struct state_build b;
	struct error e = { 0 };
	AUTO_FREE char *path = NULL;
	FILE *file;

	ck_assert_msg(state_build_new(&b, of, &e) == 0, "%s", e.text);
	path = xformat("%s/events.ndjson", b.path);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(log, file), 0);
	fclose(file);
	state_build_free(&b);
}

#define ENDED(status) "{\"type\":\"build/start\"}\n{\"type\":\"build/end\",\"status\":\"" status "\"}\n"

START_TEST(test_new)
{
	struct state_build a, b;
	struct error e = { 0 };
	AUTO_FREE char *repo = NULL;
	AUTO_FREE char *logs = NULL;
	struct stat st;

	ck_assert_ptr_null(state_repo(project, &e));
	ck_assert_int_eq(e.code, ERROR_NOT_FOUND);
	ck_assert_int_eq(state_build_new(&a, project, &e), 0);
	ck_assert_int_eq(state_build_new(&b, project, &e), 0);
	ck_assert_str_eq(a.name, "local/zlib/1");
	ck_assert_str_eq(b.name, "local/zlib/2");
	ck_assert_int_eq(b.number, 2);
	logs = xformat("%s/logs", b.path);
	ck_assert_int_eq(stat(logs, &st), 0);
	ck_assert(state_build_running(&a) && state_build_running(&b));
	repo = state_repo(project, &e);
	ck_assert_str_eq(repo, "local/zlib");
	state_build_free(&a);
	state_build_free(&b);
}
END_TEST

START_TEST(test_same_name_other_folder)
{
	struct state_build b;
	struct error e = { 0 };
	AUTO_FREE char *other = xformat("%s/other/zlib", folder);
	AUTO_FREE char *repo = NULL;

	make_folder("other");
	make_folder("other/zlib");
	make_build(project, "");
	make_build(other, "");
	make_build(other, "");
	repo = state_repo(other, &e);
	ck_assert_int_eq(strncmp(repo, "local/zlib-", 11), 0);
	ck_assert_int_eq(state_build_find(&b, "@", other, &e), 0);
	ck_assert_int_eq(b.number, 2);
	state_build_free(&b);
	ck_assert_int_eq(state_build_find(&b, "@", project, &e), 0);
	ck_assert_str_eq(b.name, "local/zlib/1");
	state_build_free(&b);
}
END_TEST

static const struct found {
	const char *text, *name; /* NULL: not found */
	const char *job;
} found[] = {
	{ "@", "local/zlib/4", NULL },
	{ "@~0", "local/zlib/4", NULL },
	{ "@~1", "local/zlib/3", NULL },
	{ "@failed", "local/zlib/3", NULL },
	{ "2", "local/zlib/2", NULL },
	{ "local/zlib/1", "local/zlib/1", NULL },
	{ "@/unit", "local/zlib/4", "unit" },
	{ "@failed/unit", "local/zlib/3", "unit" },
	{ "2/unit.a", "local/zlib/2", "unit.a" },
	{ "local/zlib/2/unit", "local/zlib/2", "unit" },
	{ "@~4", NULL, NULL },
	{ "@~x", NULL, NULL },
	{ "@latest", NULL, NULL },
	{ "5", NULL, NULL },
	{ "0", NULL, NULL },
	{ "local/zlib", NULL, NULL },
	{ "local/zlib/07", NULL, NULL },
	{ "local/nothing/1", NULL, NULL },
	{ "../../etc/1", NULL, NULL },
	{ "local/../1", NULL, NULL },
	{ "unit", NULL, NULL },
	{ "", NULL, NULL },
	{ "/", NULL, NULL },
	{ "@/", NULL, NULL },
	{ "@/a/b", NULL, NULL },
	{ "99999999999999999999", NULL, NULL },
};

START_TEST(test_find)
{
	const struct found *row = &found[_i];
	struct state_build b;
	struct error e = { 0 };
	AUTO_FREE char *job = NULL;
	int got;

	make_build(project, ENDED("success"));
	make_build(project, ENDED("failure"));
	make_build(project, ENDED("error"));
	make_build(project, ENDED("success"));
	got = state_job_find(&b, &job, row->text, project, &e);
	ck_assert_msg((got == 0) == (row->name != NULL), "%s: %s", row->text, e.text);
	if (got == 0) {
		ck_assert_str_eq(b.name, row->name);
		ck_assert_pstr_eq(job, row->job);
	} else {
		ck_assert_msg(e.text[0] != '\0', "%s: no text", row->text);
	}
	state_build_free(&b);
}
END_TEST

START_TEST(test_killed_counts_as_failed)
{
	struct state_build b;
	struct error e = { 0 };

	make_build(project, "{\"type\":\"build/start\"}\n");
	make_build(project, ENDED("success"));
	ck_assert_int_eq(state_build_find(&b, "@failed", project, &e), 0);
	ck_assert_int_eq(b.number, 1);
	state_build_free(&b);
}
END_TEST

START_TEST(test_find_by_path)
{
	struct state_build b, again;
	struct error e = { 0 };
	AUTO_FREE char *log = NULL;

	make_build(project, ENDED("success"));
	ck_assert_int_eq(state_build_find(&b, "@", project, &e), 0);
	ck_assert_int_eq(state_build_find(&again, b.path, NULL, &e), 0);
	ck_assert_str_eq(again.name, b.name);
	state_build_free(&again);
	log = xformat("%s/events.ndjson", b.path);
	ck_assert_int_eq(state_build_find(&again, log, NULL, &e), 0);
	ck_assert_str_eq(again.path, b.path);
	state_build_free(&again);
	ck_assert_int_eq(state_build_find(&again, "/tmp", NULL, &e), -1);
	ck_assert_int_eq(e.code, ERROR_NOT_FOUND);
	state_build_free(&b);
}
END_TEST

START_TEST(test_list_and_remove)
{
	struct state_list list;
	struct state_build running;
	struct error e = { 0 };

	for (int i = 0; i < 11; i++)
		make_build(project, "");
	ck_assert_int_eq(state_build_new(&running, project, &e), 0);
	ck_assert_int_eq(removal_build(&running, false, &e), -1);
	ck_assert_int_eq(e.code, ERROR_BUSY);
	ck_assert_int_eq(state_list_read(&list, "local/zlib", &e), 0);
	ck_assert_uint_eq(list.n, 12);
	for (size_t i = 0; i < list.n; i++)
		ck_assert_int_eq(list.builds[i].number, 12 - (long)i);
	ck_assert_int_eq(removal_build(&list.builds[3], false, &e), 0);
	state_list_free(&list);
	removal_prune("local/zlib", 0);
	ck_assert_int_eq(state_list_read(&list, NULL, &e), 0);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_str_eq(list.builds[0].name, "local/zlib/12");
	state_list_free(&list);
	state_build_free(&running);
}
END_TEST

#define JOB(id) "{\"type\":\"job/pending\",\"build\":\"local/zlib/1\",\"job\":\"" id "\"}\n"

static const struct found meant[] = {
	{ "unit", "local/zlib/2", "unit" },
	{ "3", "local/zlib/2", "3" },
	{ "2", "local/zlib/2", NULL }, /* a build's number goes first */
	{ "@/nothing", "local/zlib/2", "nothing" },
	{ "@", "local/zlib/2", NULL },
	{ "docs", NULL, NULL }, /* of another build */
	{ "uni", NULL, NULL },
	{ "4", NULL, NULL },
	{ "./unit", NULL, NULL },
	{ "", NULL, NULL },
};

START_TEST(test_meant)
{
	const struct found *row = &meant[_i];
	struct state_build b;
	struct error e = { 0 };
	AUTO_FREE char *job = NULL;
	int got;

	make_build(project, JOB("docs"));
	make_build(project, JOB("unit") JOB("2") JOB("3"));
	got = state_job_meant(&b, &job, row->text, project, &e);
	ck_assert_msg((got == 0) == (row->name != NULL), "%s: %s", row->text, e.text);
	if (got == 0) {
		ck_assert_str_eq(b.name, row->name);
		ck_assert_pstr_eq(job, row->job);
	} else {
		ck_assert_msg(e.text[0] != '\0', "%s: no text", row->text);
	}
	state_build_free(&b);
}
END_TEST

static void
make_file(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = xformat("%s/%s", dir, name);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	fclose(file);
}

/* What may stand in a folder elsewhere that is removed by force. */
static const struct removed {
	const char *events, *file; /* file: one more in it, NULL none */
	bool removed;
} removed[] = {
	{ JOB("unit"), NULL, true },
	{ JOB("unit"), "plan.ndjson", true },
	{ JOB("unit"), "control", true },
	{ JOB("unit"), "script.log", true },
	{ JOB("unit"), "script.log.zst", true },
	{ JOB("unit"), "logs/unit.log", true },
	{ JOB("unit"), "logs/unit@2.idx", true },
	{ JOB("unit"), "logs/other.log", false },
	{ JOB("unit"), "logs/unit.txt", false },
	{ JOB("unit"), "logs/unit@1.log", false },
	{ JOB("unit"), "logs/.log", false },
	{ JOB("unit"), "main.c", false },
	{ JOB("unit"), ".gitignore", false },
	{ JOB("unit"), "script.c", false },
	{ "", NULL, false },
	{ "{\"type\":\"thing/seen\"}\n", NULL, false },
	{ "words\n", NULL, false },
};

START_TEST(test_remove_elsewhere)
{
	const struct removed *row = &removed[_i];
	AUTO_FREE char *there = xformat("%s/there", folder);
	struct state_build b;
	struct error e = { 0 };

	make_folder("there");
	make_folder("there/logs");
	make_file(there, "events.ndjson", row->events);
	if (row->file != NULL)
		make_file(there, row->file, "");
	ck_assert_int_eq(state_build_find(&b, there, NULL, &e), 0);
	ck_assert_int_eq(removal_build(&b, false, &e), -1);
	ck_assert_int_eq(e.code, ERROR_REFUSED);
	ck_assert_int_eq(removal_build(&b, true, &e), row->removed ? 0 : -1);
	ck_assert_int_eq(access(there, F_OK), row->removed ? -1 : 0);
	state_build_free(&b);
}
END_TEST

/* A link among the builds leads to what is somebody else's. */
START_TEST(test_remove_behind_link)
{
	AUTO_FREE char *builds = xformat("%s/state/mci/builds/local", folder);
	AUTO_FREE char *link = xformat("%s/other", builds);
	AUTO_FREE char *there = xformat("%s/there/7", folder);
	struct state_build b;
	struct error e = { 0 };

	make_folder("there");
	make_folder("there/7");
	make_file(there, "events.ndjson", "");
	ck_assert_int_eq(folder_make(builds, &e), 0);
	ck_assert_int_eq(symlink("../../../../there", link), 0);
	ck_assert_int_eq(state_build_find(&b, "local/other/7", NULL, &e), 0);
	ck_assert_int_eq(removal_build(&b, false, &e), -1);
	ck_assert_int_eq(access(there, F_OK), 0);
	state_build_free(&b);
}
END_TEST

/* Missing folders have no builds; what cannot be read is an error, and hides nothing else. */
START_TEST(test_unreadable)
{
	AUTO_FREE char *builds = xformat("%s/state/mci/builds", folder);
	AUTO_FREE char *broken = xformat("%s/local/broken", builds);
	AUTO_FREE char *stray = xformat("%s/local/stray", builds);
	struct state_list list;
	struct state_build b;
	struct error e = { 0 };

	ck_assert_int_eq(state_list_read(&list, NULL, &e), 0);
	make_build(project, "");
	make_file(builds, "local/stray", "");
	ck_assert_int_eq(state_list_read(&list, NULL, &e), 0);
	ck_assert_uint_eq(list.n, 1);
	state_list_free(&list);
	ck_assert_int_eq(symlink("broken", broken), 0);
	ck_assert_int_eq(state_list_read(&list, NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, broken));
	ck_assert_uint_eq(list.n, 1);
	state_list_free(&list);
	ck_assert_int_eq(state_build_find(&b, "local/broken/1", NULL, &e), -1);
	ck_assert_int_eq(e.code, ERROR_SYSTEM);
	ck_assert_int_eq(state_list_read(&list, "local/stray", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, stray));
	state_list_free(&list);
}
END_TEST

/* A number is never given out twice, or a name would mean two builds. */
START_TEST(test_numbers_go_on)
{
	struct state_build b;
	struct error e = { 0 };

	make_build(project, "");
	make_build(project, "");
	removal_prune("local/zlib", 0);
	ck_assert_int_eq(state_build_find(&b, "@", project, &e), -1);
	ck_assert_int_eq(state_build_new(&b, project, &e), 0);
	ck_assert_int_eq(b.number, 3);
	state_build_free(&b);
}
END_TEST

START_TEST(test_project)
{
	AUTO_FREE char *real = realpath(project, NULL);
	AUTO_FREE char *deep = xformat("%s/zlib/a/b", folder);
	AUTO_FREE char *below = xformat("%s/zlib/a/git/src", folder);
	AUTO_FREE char *found_project = NULL;

	make_folder("zlib/a");
	make_folder("zlib/a/b");
	make_folder("zlib/a/git");
	make_folder("zlib/a/git/.git");
	make_folder("zlib/a/git/src");
	found_project = state_project(deep);
	ck_assert_str_eq(found_project, real);
	ck_assert_ptr_null(state_project(below));
	ck_assert_ptr_null(state_project("/nowhere"));
}
END_TEST

START_TEST(test_sockets)
{
	struct error e = { 0 };
	AUTO_FREE char *run = xformat("%s/run", folder);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *expected = xformat("%s/run/mci", folder);
	struct stat st;

	make_folder("run");
	setenv("XDG_RUNTIME_DIR", run, 1);
	path = folder_sockets(&e);
	ck_assert_str_eq(path, expected);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_ptr_null(folder_sockets(&e));
	ck_assert_int_eq(e.code, ERROR_REFUSED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("state");
	TCase *t = tcase_create("state");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_new);
	tcase_add_test(t, test_same_name_other_folder);
	tcase_add_loop_test(t, test_find, 0, sizeof(found) / sizeof(found[0]));
	tcase_add_test(t, test_killed_counts_as_failed);
	tcase_add_test(t, test_find_by_path);
	tcase_add_test(t, test_list_and_remove);
	tcase_add_loop_test(t, test_meant, 0, sizeof(meant) / sizeof(meant[0]));
	tcase_add_loop_test(t, test_remove_elsewhere, 0, sizeof(removed) / sizeof(removed[0]));
	tcase_add_test(t, test_remove_behind_link);
	tcase_add_test(t, test_unreadable);
	tcase_add_test(t, test_numbers_go_on);
	tcase_add_test(t, test_project);
	tcase_add_test(t, test_sockets);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
