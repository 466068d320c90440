/* Globs: what fits, what does not, and that no pattern takes long. */
#include "glob.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct row {
	const char *pattern, *text;
	bool fits;
} rows[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "main", "main", true },
	{ "main", "mai", false },
	{ "main", "mainly", false },
	/* a star stays within one component */
	{ "*", "main", true },
	{ "*", "", true },
	{ "*", ".hidden", true },
	{ "*", "a/b", false },
	{ "release/*", "release/1.2", true },
	{ "release/*", "release/1/2", false },
	{ "*.c", "x.c", true },
	{ "*.c", "x.cc", false },
	{ "a*b*c", "axxbyyc", true },
	{ "a*b*c", "axxbyyd", false },
	{ "*a*", "bab", true },
	{ "*/x", "a/x", true },
	{ "*/x", "a/b/x", false },
	/* two stars between slashes are any number of components */
	{ "**", "a/b/c", true },
	{ "**", "", true },
	{ "**/x", "x", true },
	{ "**/x", "a/b/x", true },
	{ "**/x", "a/bx", false },
	{ "a/**", "a/b/c", true },
	{ "a/**", "a", false },
	{ "a/**/b", "a/b", true },
	{ "a/**/b", "a/x/y/b", true },
	{ "a/**/b", "a/xb", false },
	{ "src/**/*.c", "src/x.c", true },
	{ "src/**/*.c", "src/a/b/x.c", true },
	{ "src/**/*.c", "src/a/b/x.h", false },
	{ "**/a/**/b", "x/a/y/a/z/b", true },
	{ "**/a/*/b", "a/x/a/y/b", true },
	{ "a**b", "axyb", true },
	{ "a**b", "ax/yb", false },
	/* one character */
	{ "?", "a", true },
	{ "?", "", false },
	{ "?", "/", false },
	{ "?", "\xc3\xa9", true },
	{ "??", "\xc3\xa9", false },
	{ "?", "\xff", true },
	/* one of several */
	{ "[abc]", "b", true },
	{ "[abc]", "d", false },
	{ "[a-c]x", "bx", true },
	{ "[!a-c]", "d", true },
	{ "[^a-c]", "b", false },
	{ "[!a]", "/", false },
	{ "[]]", "]", true },
	{ "[!]]", "]", false },
	{ "[a-]", "-", true },
	{ "[\\]]", "]", true },
	{ "[[:digit:]]*", "4x", true },
	{ "[[:digit:]]", "x", false },
	{ "[![:space:]]", " ", false },
	{ "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true },
	{ "[\xc3\xa0-\xc3\xbf]", "e", false },
	/* brackets that nothing closes are themselves */
	{ "[a", "[a", true },
	{ "[a", "a", false },
	{ "x[", "x[", true },
	/* a backslash takes the meaning from what follows */
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "\\!x", "!x", true },
	{ "a\\", "a\\", true },
};

START_TEST(test_match)
{
	const struct row *r = &rows[_i];

	ck_assert_msg(
	    glob_match(r->pattern, r->text) == r->fits, "'%s' and '%s'", r->pattern, r->text);
}
END_TEST

/* Patterns that take exponential time when every star is tried again. */
START_TEST(test_time)
{
	static const char *const patterns[] = { "*a*a*a*a*a*a*a*b", "**/a*a*a*a*b",
		"**/**/**/**/**/b", "*[a]*[a]*[a]*[a]*b" };
	enum { N = 4000 };
	char text[N + 1];
	clock_t from = clock();

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		for (size_t k = 0; k < N; k++)
			text[k] = i == 2 && k % 2 == 1 ? '/' : 'a';
		text[N] = '\0';
		ck_assert(!glob_match(patterns[i], text));
	}
	ck_assert_int_lt((clock() - from) / (CLOCKS_PER_SEC / 1000), 2000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("glob");
	TCase *tests = tcase_create("glob");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_match, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, test_time);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
