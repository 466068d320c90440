/* First lines of scripts: whom they mean, and what is said of those that no kernel would run. */
#include "interpreter.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int dir;
static char folder[] = "/tmp/mci-unit-XXXXXX";

static void
write_file(const char *text, size_t n)
{
	int fd = openat(dir, "file", O_WRONLY | O_CREAT | O_TRUNC, 0700);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
}

static void
teardown(void)
{
	unlinkat(dir, "file", 0);
	close(dir);
	rmdir(folder);
}

static const struct row {
	const char *text, *program, *means, *error; /* error: what it begins with, NULL for none */
} rows[] = {
	{ "#!/bin/sh\necho\n", "/bin/sh", "/bin/sh", NULL },
	{ "#!/bin/sh", "/bin/sh", "/bin/sh", NULL },
	{ "#! \t/bin/sh -e\n", "/bin/sh", "/bin/sh", NULL },
	{ "#!/usr/bin/env bash\n", "/usr/bin/env", "bash", NULL },
	{ "#!/usr/bin/env -S A=b bash -e\n", "/usr/bin/env", "bash", NULL },
	{ "#!/usr/bin/env\n", "/usr/bin/env", "/usr/bin/env", NULL },
	{ "#!env x\n", "env", "env", NULL },
	{ "\177ELF\2\1\1", NULL, NULL, NULL },
	{ "#!\n", NULL, NULL, "bad interpreter: #! names no program" },
	{ "#! \t \n/bin/sh\n", NULL, NULL, "bad interpreter: #! names no program" },
	{ "#!/bin/sh\r\n", NULL, NULL, "bad interpreter: '/bin/sh\\r': " },
	{ "#!/usr/bin/env python3\r\n", NULL, NULL, "bad interpreter: 'python3\\r': " },
	{ "#!\r\n", NULL, NULL, "bad interpreter: '\\r': " },
	{ "\xef\xbb\xbf#!/bin/sh\n", NULL, NULL, "bad interpreter: a byte order mark" },
	{ "\xef\xbb\xbf", NULL, NULL, "no #! line" },
	{ "echo\n", NULL, NULL, "no #! line" },
	{ "#", NULL, NULL, "no #! line" },
	{ "", NULL, NULL, "no #! line" },
};

START_TEST(test_read)
{
	const struct row *r = &rows[_i];
	struct interpreter i;
	struct error e = { 0 };

	write_file(r->text, strlen(r->text));
	ck_assert_int_eq(interpreter_read(&i, dir, "file", &e), r->error == NULL ? 0 : -1);
	if (r->error != NULL) {
		ck_assert_msg(strncmp(e.text, r->error, strlen(r->error)) == 0, "%s", e.text);
		return;
	}
	if (r->program == NULL) {
		ck_assert_ptr_null(i.program);
		return;
	}
	ck_assert_str_eq(i.program, r->program);
	ck_assert_str_eq(i.means, r->means);
}
END_TEST

START_TEST(test_long_and_odd)
{
	char text[1000];
	struct interpreter i;
	struct error e = { 0 };

	/* longer than the kernel reads; bytes of any kind */
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/", 3);
	write_file(text, sizeof(text));
	ck_assert_int_eq(interpreter_read(&i, dir, "file", NULL), 0);
	ck_assert_uint_eq(strlen(i.program), INTERPRETER_LINE - 2);
	memcpy(text, "#!/a\0b\n", 7);
	write_file(text, 7);
	ck_assert_int_eq(interpreter_read(&i, dir, "file", NULL), 0);
	ck_assert_str_eq(i.program, "/a");
	ck_assert_int_eq(interpreter_read(&i, dir, "nothing", &e), -1);
	ck_assert_int_eq(e.sys, ENOENT);
}
END_TEST

static const struct why {
	const char *text;
	int sys;
	const char *error; /* NULL: nothing more than sys tells */
} whys[] = {
	{ "#!/bin/sh\n", ENOENT, NULL },
	{ "#!/no/such\n", ENOENT, "bad interpreter: there is no /no/such" },
	{ "#!/dev/null/x\n", ENOENT, "bad interpreter: there is no /dev/null/x" },
	{ "#!/dev/null\n", EACCES, "bad interpreter: /dev/null" },
	{ "#!/\n", EACCES, "bad interpreter: / is no program" },
	{ "#!/bin/sh\r\n", ENOENT, "bad interpreter: '/bin/sh\\r'" },
	{ "echo\n", ENOEXEC, "no #! line" },
	{ "\177ELF\2\1\1", ENOENT, "the loader that it names is not there" },
	{ "\177ELF\2\1\1", ENOEXEC, NULL },
};

START_TEST(test_explain)
{
	const struct why *w = &whys[_i];
	struct error e = { 0 };

	write_file(w->text, strlen(w->text));
	ck_assert_int_eq(interpreter_explain(dir, "file", w->sys, &e), w->error == NULL ? 0 : -1);
	if (w->error == NULL)
		return;
	ck_assert_msg(strncmp(e.text, w->error, strlen(w->error)) == 0, "%s", e.text);
	ck_assert_int_eq(e.sys, w->sys);
}
END_TEST

/* Of a file that is not there, or may not be run, the kernel's word is all there is. */
START_TEST(test_explain_itself)
{
	ck_assert_int_eq(interpreter_explain(dir, "file", ENOENT, NULL), 0);
	write_file("#!/no/such\n", 11);
	ck_assert_int_eq(fchmodat(dir, "file", 0600, 0), 0);
	ck_assert_int_eq(interpreter_explain(dir, "file", EACCES, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("interpreter");
	TCase *tests = tcase_create("interpreter");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, test_read, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, test_long_and_odd);
	tcase_add_loop_test(tests, test_explain, 0, (int)(sizeof(whys) / sizeof(whys[0])));
	tcase_add_test(tests, test_explain_itself);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
