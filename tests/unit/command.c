/* When a script needs no shell, and what is executed when it does. */
#include "cmd/mci-job/command.h"
#include "cmd/mci-job/entries.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/mci-job/outputs.h"
#include "cmd/mci-job/simple.h"
#include "cmd/mci-job/variables.h"
#include "memory.h"

static const struct {
	const char *text;
	const char *words[6];
} simple[] = {
	{ "make", { "make" } },
	{ " \t\nmake check \n\n", { "make", "check" } },
	{ "cc -O2 -o a.out a.c,b:c@d+e%f=g", { "cc", "-O2", "-o", "a.out", "a.c,b:c@d+e%f=g" } },
	{ "./configure --prefix=/usr", { "./configure", "--prefix=/usr" } },
	{ "grep 'a  b' \"c $\"", { NULL } },
	{ "grep 'a  b' \"c d\" e'f'\"g\"", { "grep", "a  b", "c d", "efg" } },
	{ "grep '' \"\"", { "grep", "", "" } },
	{ "grep '$x `y` \\n'", { "grep", "$x `y` \\n" } },
	{ "true", { "true" } },
	{ "false", { "false" } },
	{ "true x", { NULL } },
	{ "", { NULL } },
	{ " \n ", { NULL } },
	{ "a\nb", { NULL } },
	{ "a;b", { NULL } },
	{ "a=b", { NULL } },
	{ "a=b c", { NULL } },
	{ "'a=b' c", { NULL } },
	{ "a #b", { NULL } },
	{ "a 'b", { NULL } },
	{ "a \"b", { NULL } },
	{ "a \"\\$b\"", { NULL } },
	{ "a ~", { NULL } },
	{ "a {b,c}", { NULL } },
	{ "a \\b", { NULL } },
	{ "a !", { NULL } },
	{ "a ^b", { NULL } },
	{ "%1", { NULL } },
	{ "-a", { NULL } },
	{ "'' a", { NULL } },
	{ "a \xc3\xa9", { NULL } },
	{ "a '\xc3\xa9'", { "a", "\xc3\xa9" } },
	{ "a\rb", { NULL } },
	{ "cd x", { NULL } },
	{ "'cd' x", { NULL } },
	{ ".", { NULL } },
	{ "[ x ]", { NULL } },
	{ "while", { NULL } },
	{ "alias", { NULL } },
	{ "umask 022", { NULL } },
};

START_TEST(simple_commands)
{
	const char *why = NULL;
	AUTO_FREE char **words = simple_split(simple[_i].text, &why);

	if (simple[_i].words[0] == NULL) {
		ck_assert_ptr_null(words);
		ck_assert_ptr_nonnull(why);
		return;
	}
	ck_assert_ptr_nonnull(words);
	for (size_t i = 0; i < 6; i++) {
		ck_assert_pstr_eq(words[i], simple[_i].words[i]);
		if (words[i] == NULL)
			break;
	}
}
END_TEST

/* Only what needs no look by a shell. */
static const struct {
	const char *text;
	bool closed;
} entries[] = {
	{ "make", true },
	{ "make -j2 >log 2>&1; echo \"$x\" 'a b'", true },
	{ "test -f x && make\n", true },
	{ "make &", false },
	{ "make &&", false },
	{ "make ||  \n\t\n", false },
	{ "make |", false },
	{ "", false },
	{ " \n", false },
	{ "f()", false },
	{ "cat <<E\nE", false },
	{ "make # a", false },
	{ "make \\", false },
	{ "a\nb", false },
	{ "echo \"$(date)\"", false },
	{ "echo `date`", false },
	{ "echo 'a", false },
	{ "echo \"a", false },
	{ "echo \"a\\\"", false },
	{ "! make", false },
	{ "if x; then", false },
	{ "time make", false },
	{ "function f", false },
};

START_TEST(closed_entries)
{
	ck_assert_int_eq(entries_closed(entries[_i].text), entries[_i].closed);
}
END_TEST

static struct environment environment;

static void
make_environment(void)
{
	setenv("PATH", "/usr/bin:/bin", 1);
	environment_open(&environment, NULL, 0);
}

static void
free_environment(void)
{
	environment_close(&environment);
}

/* How this spec is executed; the caller frees both. */
static void
prepare(struct command *c, struct spec *s, const char *line)
{
	struct error e = { 0 };

	ck_assert_msg(spec_read(s, line, strlen(line), SPEC_ATTEMPT, &e) == 0, "%s", e.text);
	ck_assert_msg(command_prepare(c, s, command_part(s, false, 0), &environment, NULL, &e) == 0, "%s", e.text);
}

START_TEST(argv_is_taken_as_it_is)
{
	struct command c;
	struct spec s;

	prepare(&c, &s, "{\"id\":\"a\",\"argv\":[\"$x\",\"*\"]}");
	ck_assert_str_eq(c.argv[0], "$x");
	ck_assert_str_eq(c.argv[1], "*");
	ck_assert(!c.simple);
	command_free(&c);
	spec_free(&s);
}
END_TEST

START_TEST(programs_are_found_as_the_shell_finds_them)
{
	struct command c;
	struct spec s;

	prepare(&c, &s, "{\"id\":\"a\",\"script\":\"env -i\"}");
	ck_assert(c.simple);
	ck_assert_str_eq(c.path, "/usr/bin/env");
	ck_assert_str_eq(c.argv[0], "env");
	command_free(&c);
	spec_free(&s);
	/* a PATH that depends on the folder, and none that has it */
	prepare(&c, &s, "{\"id\":\"a\",\"script\":\"env\",\"env\":{\"PATH\":\"bin:/usr/bin\"}}");
	ck_assert(!c.simple);
	command_free(&c);
	spec_free(&s);
	prepare(&c, &s, "{\"id\":\"a\",\"script\":\"env\",\"env\":{\"PATH\":\"/nowhere\"}}");
	ck_assert(!c.simple);
	ck_assert_str_eq(c.argv[2], "-c");
	ck_assert_str_eq(c.argv[4], "env");
	command_free(&c);
	spec_free(&s);
}
END_TEST

START_TEST(shells)
{
	struct command c;
	struct spec s;

	prepare(&c, &s, "{\"id\":\"a\",\"script\":\"a | b\"}");
	ck_assert_str_eq(c.path, "/bin/sh");
	ck_assert_str_eq(c.argv[1], "-e");
	ck_assert(!c.tells);
	command_free(&c);
	spec_free(&s);
	prepare(&c, &s, "{\"id\":\"a\",\"script\":[\"a | b\"],\"shell-per\":\"line\"}");
	ck_assert_str_eq(c.argv[1], "-c");
	command_free(&c);
	spec_free(&s);
	prepare(&c, &s, "{\"id\":\"a\",\"script\":[\"a\",\"b\"]}");
	ck_assert(c.tells);
	command_free(&c);
	spec_free(&s);
	prepare(&c, &s, "{\"id\":\"a\",\"script\":[\"a\",\"b\"],\"shell\":\"bash\"}");
	ck_assert_str_eq(c.argv[0], "bash");
	ck_assert_str_eq(c.argv[1], "-e");
	command_free(&c);
	spec_free(&s);
	prepare(&c, &s, "{\"id\":\"a\",\"script\":[\"a\"],\"shell\":\"python3 -u\"}");
	ck_assert_str_eq(c.argv[1], "-u");
	ck_assert_ptr_nonnull(c.argv[2]);
	ck_assert_ptr_null(c.argv[3]);
	command_free(&c);
	spec_free(&s);
}
END_TEST

static const char *
value_in(char **env, const char *name)
{
	size_t n = strlen(name);

	for (; *env != NULL; env++) {
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	}
	return NULL;
}

START_TEST(environments)
{
	static const char line[] = "{\"id\":\"j\",\"argv\":[\"x\"],"
	    "\"env\":{\"PATH\":\"/own\",\"GRANTED\":\"lost\",\"MCI_JOB_ID\":\"lost\",\"NEW\":\"1\"}}";
	static const char *const granted[] = { "GRANTED=kept", "LANG=xx" };
	struct variables_attempt a = { .id = "j", .number = 2, .output = "MCI_OUTPUT=/o" };
	struct environment v;
	struct spec s;
	AUTO_FREE char **env = NULL;

	setenv("SECRET", "s", 1);
	setenv("LANG", "C", 1);
	environment_open(&v, granted, 2);
	ck_assert_int_eq(spec_read(&s, line, strlen(line), SPEC_ATTEMPT, NULL), 0);
	env = variables_make(&v, &s, &a);
	ck_assert_str_eq(value_in(env, "PATH"), "/own");
	ck_assert_str_eq(value_in(env, "GRANTED"), "kept");
	ck_assert_str_eq(value_in(env, "MCI_JOB_ID"), "j");
	ck_assert_str_eq(value_in(env, "MCI_ATTEMPT"), "2");
	ck_assert_str_eq(value_in(env, "MCI_OUTPUT"), "/o");
	ck_assert_str_eq(value_in(env, "LANG"), "xx");
	ck_assert_str_eq(value_in(env, "NEW"), "1");
	ck_assert_ptr_null(value_in(env, "SECRET"));
	ck_assert_ptr_null(value_in(env, "MCI_NOTES"));
	ck_assert_str_eq(variables_value(&v, &s, "PATH"), "/own");
	spec_free(&s);
	environment_close(&v);
}
END_TEST

static const struct {
	const char *text, *json; /* NULL: refused */
} outputs[] = {
	{ "", "" },
	{ "A=1\n", "{\"A\":\"1\"}" },
	{ "A=1", "{\"A\":\"1\"}" },
	{ "B=2\n\nA=\n", "{\"A\":\"\",\"B\":\"2\"}" },
	{ "A=1\nAB=2\nA=3\nA=4=\"\n", "{\"A\":\"4=\\\"\",\"AB\":\"2\"}" },
	{ "A\n", NULL },
	{ "=1\n", NULL },
	{ "A-B=1\n", NULL },
	{ "A=1\n B=2\n", NULL },
};

START_TEST(output_files)
{
	char path[] = "/tmp/mci-output-XXXXXX";
	AUTO_CLOSE int fd = mkstemp(path);
	AUTO_BYTES json = { 0 };
	struct error e;
	size_t n = strlen(outputs[_i].text);
	int got;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, outputs[_i].text, n), (ssize_t)n);
	got = outputs_take(path, NULL, &json, &e);
	if (outputs[_i].json == NULL)
		ck_assert_int_eq(got, -1);
	else
		ck_assert_str_eq(bytes_string(&json), outputs[_i].json);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(outputs_take(path, NULL, &json, &e), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command");
	TCase *words = tcase_create("simple"), *commands = tcase_create("command");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(words, simple_commands, 0, sizeof(simple) / sizeof(simple[0]));
	tcase_add_loop_test(words, closed_entries, 0, sizeof(entries) / sizeof(entries[0]));
	tcase_add_loop_test(words, output_files, 0, sizeof(outputs) / sizeof(outputs[0]));
	suite_add_tcase(suite, words);
	tcase_add_checked_fixture(commands, make_environment, free_environment);
	tcase_add_test(commands, argv_is_taken_as_it_is);
	tcase_add_test(commands, programs_are_found_as_the_shell_finds_them);
	tcase_add_test(commands, shells);
	tcase_add_test(commands, environments);
	suite_add_tcase(suite, commands);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
