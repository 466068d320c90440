/* What command lines mean: values by their source, operands, and what is said about a wrong one. */
#include "option.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "help.h"
#include "memory.h"
#include "nearest.h"

struct settings {
	int64_t jobs, timeout;
	bool json;
	struct option_list params, colors;
	const char *progress, *file;
	bool check;
};

static const struct option table[] = {
	{ .letter = 'j', .name = "jobs", .value = "N", .help = "run N jobs at a time", .kind = OPTION_NUMBER,
	  .offset = offsetof(struct settings, jobs), .min = 1, .max = 100 },
	{ .name = "timeout", .value = "TIME", .help = "give up after TIME", .kind = OPTION_DURATION,
	  .offset = offsetof(struct settings, timeout) },
	{ .name = "json", .help = "print events", .kind = OPTION_FLAG,
	  .offset = offsetof(struct settings, json) },
	{ .letter = 'p', .name = "param", .value = "K=V", .help = "set a parameter", .kind = OPTION_LIST,
	  .offset = offsetof(struct settings, params) },
	{ .name = "progress", .value = "HOW", .help = "how to show it", .kind = OPTION_CHOICE,
	  .offset = offsetof(struct settings, progress), .choices = "tree|plain|json|none" },
	{ .name = "hue", .value = "COLOR", .help = "show these", .kind = OPTION_LIST,
	  .offset = offsetof(struct settings, colors), .choices = "red|green" },
	{ .letter = 'f', .value = "FILE", .help = "read FILE", .kind = OPTION_TEXT,
	  .offset = offsetof(struct settings, file) },
};
static const struct command command = {
	.program = "mci-try", .operands = "[JOB...]", .summary = "Try things.", .options = table,
	.noptions = sizeof(table) / sizeof(table[0]), .max_operands = 3, .complete = "jobs",
};

static const struct option check_table[] = {
	{ .name = "check", .help = "check them", .kind = OPTION_FLAG,
	  .offset = offsetof(struct settings, check) },
	{ .name = "json", .help = "print problems", .kind = OPTION_FLAG,
	  .offset = offsetof(struct settings, json) },
};
static const struct command check_command = {
	.program = "mci-try", .verb = "--check", .summary = "Check things.", .options = check_table,
	.noptions = sizeof(check_table) / sizeof(check_table[0]),
};
static const struct command *const modes[] = { &command, &check_command };

/* Words split by blanks, as the program gets them; the values point into them. */
static int
parse(const struct command *c, const char *line, struct settings *s, char *argv[static 32])
{
	static char words[512];
	char *rest = words;
	int argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (c == &command)
		option_parse_modes(modes, 2, &argc, argv, s);
	else
		option_parse(c, &argc, argv, s);
	return argc;
}

static const struct row {
	const char *line;
	int64_t jobs, timeout;
	bool json;
	const char *progress, *file, *params, *operands; /* lists joined by blanks */
} rows[] = {
	{ "x", 7, 0, false, NULL, NULL, "", "" },
	{ "x -j4", 4, 0, false, NULL, NULL, "", "" },
	{ "x -j 4 a", 4, 0, false, NULL, NULL, "", "a" },
	{ "x --jobs=4 a", 4, 0, false, NULL, NULL, "", "a" },
	{ "x a --jobs 4 b", 4, 0, false, NULL, NULL, "", "a b" },
	{ "x -j1 -j2", 2, 0, false, NULL, NULL, "", "" },
	{ "x --json -- --json -j", 7, 0, true, NULL, NULL, "", "--json -j" },
	{ "x --json=false - a", 7, 0, false, NULL, NULL, "", "- a" },
	{ "x -qj3 -f-", 3, 0, false, NULL, "-", "", "" },
	{ "x -p A=1 --param=B=2 -pC=3", 7, 0, false, NULL, NULL, "A=1 B=2 C=3", "" },
	{ "x --progress plain --timeout 1m", 7, INT64_C(60000000000), false, "plain", NULL, "", "" },
};

static void
check_joined(const char *expected, const char *const *words, size_t n)
{
	AUTO_BYTES joined = { 0 };

	for (size_t i = 0; i < n; i++)
		bytes_format(&joined, "%s%s", i == 0 ? "" : " ", words[i]);
	ck_assert_str_eq(bytes_string(&joined), expected);
}

START_TEST(test_line)
{
	const struct row *r = &rows[_i];
	struct settings s = { .jobs = 7 };
	char *argv[32];
	int argc = parse(&command, r->line, &s, argv);

	ck_assert_int_eq(s.jobs, r->jobs);
	ck_assert_int_eq(s.timeout, r->timeout);
	ck_assert_int_eq(s.json, r->json);
	ck_assert_pstr_eq(s.progress, r->progress);
	ck_assert_pstr_eq(s.file, r->file);
	check_joined(r->params, s.params.items, s.params.n);
	check_joined(r->operands, (const char *const *)argv, (size_t)argc);
}
END_TEST

START_TEST(test_environment)
{
	struct settings s = { .jobs = 7 };
	char *argv[32];

	setenv("MCI_TRY_JOBS", "9", 1);
	setenv("MCI_TRY_JSON", "true", 1);
	setenv("MCI_TRY_PARAM", "A=1", 1);
	parse(&command, "x -p B=2", &s, argv);
	ck_assert_int_eq(s.jobs, 9);
	ck_assert(s.json);
	check_joined("B=2", s.params.items, s.params.n);
	s = (struct settings){ 0 };
	parse(&command, "x -j3", &s, argv);
	ck_assert_int_eq(s.jobs, 3);
	check_joined("A=1", s.params.items, s.params.n);
}
END_TEST

START_TEST(test_modes)
{
	struct settings s = { 0 };
	char *argv[32];

	parse(&command, "x --json --check", &s, argv);
	ck_assert(s.json && s.check);
	s = (struct settings){ 0 };
	ck_assert_int_eq(parse(&command, "x --json -- --check", &s, argv), 1);
	ck_assert(s.json && !s.check);
	ck_assert_int_eq(parse(&command, "x --hue red --hue green", &s, argv), 0);
	check_joined("red green", s.colors.items, s.colors.n);
}
END_TEST

START_TEST(test_stop_at_operand)
{
	struct command wraps = command;
	struct settings s = { 0 };
	char *argv[32];
	int argc;

	wraps.stop_at_operand = true;
	argc = parse(&wraps, "x -j2 cc -j3 --json", &s, argv);
	ck_assert_int_eq(s.jobs, 2);
	check_joined("cc -j3 --json", (const char *const *)argv, (size_t)argc);
}
END_TEST

/* A child parses it; its standard error must hold the text, its status be 2. */
static const struct wrong {
	const char *line, *says;
} wrong[] = {
	{ "x --jbos 3", "mci-try: no option --jbos; did you mean --jobs?" },
	{ "x --zzz", "mci-try: no option --zzz\n" },
	{ "x --prog tree", "did you mean --progress?" },
	{ "x --hue blue", "mci-try: --hue: 'blue' is none of red|green" },
	{ "x --check -j3", "mci-try: no option -j" },
	{ "x --check a", "'mci-try --check --help' shows what it takes" },
	{ "x -z", "no option -z" },
	{ "x -j", "-j needs a value: -j N" },
	{ "x --jobs", "--jobs needs a value: --jobs N" },
	{ "x -j 0", "--jobs: '0' is not a number from 1 to 100" },
	{ "x -j 4x", "--jobs: '4x' is not a number" },
	{ "x --timeout 5", "--timeout: '5' is not a duration" },
	{ "x --progress fast", "--progress: 'fast' is none of tree|plain|json|none" },
	{ "x --progress |", "is none of" },
	{ "x --json=maybe", "--json: 'maybe' is neither true nor false" },
	{ "x -C /nonexistent", "-C /nonexistent: No such file" },
	{ "x a b c d", "extra operand 'd'" },
	{ "x --color=blue", "--color: 'blue' is none of auto|always|never" },
};

static int
run_child(const char *line, char *output, size_t size, int fd)
{
	int ends[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct settings s = { 0 };
		char *argv[32];

		dup2(ends[1], fd);
		parse(&command, line, &s, argv);
		_exit(0);
	}
	close(ends[1]);
	while (n + 1 < size && (got = read(ends[0], output + n, size - 1 - n)) > 0)
		n += (size_t)got;
	output[n] = '\0';
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(test_wrong)
{
	char output[2048];
	int status = run_child(wrong[_i].line, output, sizeof(output), 2);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 2);
	ck_assert_msg(strstr(output, wrong[_i].says) != NULL, "%s", output);
	ck_assert_msg(strstr(output, " --help' shows what it takes") != NULL, "%s", output);
}
END_TEST

START_TEST(test_help)
{
	char output[4096];

	ck_assert_int_eq(run_child("x --help --jobs 3", output, sizeof(output), 1), 0);
	ck_assert_ptr_nonnull(strstr(output, "usage: mci-try [OPTION...] [JOB...]\nTry things.\n"));
	ck_assert_ptr_nonnull(strstr(output, "\n  -j, --jobs N        run N jobs at a time\n"));
	ck_assert_ptr_nonnull(strstr(output, "\n  -f FILE             read FILE\n\n  -C, --chdir DIR "));
	ck_assert_ptr_nonnull(strstr(output, "how to show it: tree, plain, json, none\n"));
	ck_assert_ptr_null(strstr(output, "check"));
	ck_assert_int_eq(run_child("x --help --check", output, sizeof(output), 1), 0);
	ck_assert_ptr_nonnull(strstr(output, "usage: mci-try --check [OPTION...]\nCheck things.\n"));
	ck_assert_ptr_null(strstr(output, "--jobs"));
	ck_assert_int_eq(run_child("x --help", output, sizeof(output), 1), 0);
	ck_assert_ptr_null(strstr(output, "list-options"));
	ck_assert_int_eq(run_child("x --version", output, sizeof(output), 1), 0);
	ck_assert_str_eq(output, "mci-try (mci) " MCI_VERSION "\n");
	ck_assert_int_eq(run_child("x --list-options", output, sizeof(output), 1), 0);
	ck_assert_ptr_nonnull(strstr(output, "mci-try\t\t\t[JOB...]\toperands\tjobs\tTry things.\n"));
	ck_assert_ptr_nonnull(strstr(output,
	    "\nmci-try\t\tprogress\tHOW\tchoice\ttree|plain|json|none\thow to show it\n"));
}
END_TEST

static const struct near {
	const char *word, *near;
} nears[] = {
	{ "jbos", "jobs" }, { "job", "jobs" }, { "progres", "progress" }, { "pro", "progress" },
	{ "xjobs", "jobs" }, { "elephant", NULL }, { "", NULL }, { "prorgess", "progress" },
	{ "x", NULL }, { "n1", "n" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789", NULL },
};

START_TEST(test_nearest)
{
	static const char *const words[] = { "jobs", "progress", "param", "n" };

	ck_assert_pstr_eq(nearest_word(nears[_i].word, words, 4), nears[_i].near);
}
END_TEST

START_TEST(test_pair)
{
	const char *value;
	struct error e;
	char *key;

	ck_assert_int_eq(option_pair("A=b=c", &key, &value, &e), 0);
	ck_assert_str_eq(key, "A");
	ck_assert_str_eq(value, "b=c");
	free(key);
	ck_assert_int_eq(option_pair("A", &key, &value, &e), -1);
	ck_assert_int_eq(option_pair("=b", &key, &value, &e), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("option");
	TCase *t = tcase_create("option");
	SRunner *runner = srunner_create(suite);
	int failed;

	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	tcase_add_loop_test(t, test_line, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, test_environment);
	tcase_add_test(t, test_modes);
	tcase_add_test(t, test_stop_at_operand);
	tcase_add_loop_test(t, test_wrong, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, test_help);
	tcase_add_loop_test(t, test_nearest, 0, sizeof(nears) / sizeof(nears[0]));
	tcase_add_test(t, test_pair);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
