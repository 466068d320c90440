#include <check.h>
#include <string.h>

#include "address.h"
#include "bytes.h"

static const struct {
	const char *text;
	enum address_kind kind;
	const char *is; /* path, or the words of a command as [a][b] */
} good[] = {
	{ "-", ADDRESS_STDIO, "" },
	{ "fd:0", ADDRESS_FD, "" },
	{ "fifo:f", ADDRESS_FIFO, "f" },
	{ "unix:s", ADDRESS_UNIX, "s" },
	{ "unix:-", ADDRESS_UNIX, "-" },
	{ "/run/mci.sock", ADDRESS_UNIX, "/run/mci.sock" },
	{ "./s", ADDRESS_UNIX, "./s" },
	{ "../s", ADDRESS_UNIX, "../s" },
	{ "inproc:store", ADDRESS_INPROC, "store" },
	{ "exec:true", ADDRESS_EXEC, "[true]" },
	{ "exec:ssh ci mci relay", ADDRESS_EXEC, "[ssh][ci][mci][relay]" },
	{ "exec:  a \t b\n", ADDRESS_EXEC, "[a][b]" },
	{ "exec:'a b' \"c d\"", ADDRESS_EXEC, "[a b][c d]" },
	{ "exec:a'b'\"c\"d", ADDRESS_EXEC, "[abcd]" },
	{ "exec:x '' \"\"", ADDRESS_EXEC, "[x][][]" },
	{ "exec:a\\ b \\\" \\'", ADDRESS_EXEC, "[a b][\"][']" },
	{ "exec:'a\\b' \"a\\b\" \"a\\\\b\" \"a\\\"b\" a\\b", ADDRESS_EXEC,
	  "[a\\b][a\\b][a\\b][a\"b][ab]" },
	{ "exec:'it'\\''s'", ADDRESS_EXEC, "[it's]" },
	/* nothing is expanded and nothing is an operator */
	{ "exec:$HOME ~ *.c `x` a;b | c > d #e {f,g} ?", ADDRESS_EXEC,
	  "[$HOME][~][*.c][`x`][a;b][|][c][>][d][#e][{f,g}][?]" },
	{ "exec:\"$HOME\"", ADDRESS_EXEC, "[$HOME]" },
};

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "no address" },
	{ "localhost", "no address" },
	{ "s", "no address" },
	{ "--", "no address" },
	{ "UNIX:/s", "no address" },
	{ "unix:", "expected a path" },
	{ "fifo:", "expected a path" },
	{ "inproc:", "expected a name" },
	{ "fd:", "number of a descriptor" },
	{ "fd:-1", "number of a descriptor" },
	{ "fd:x", "number of a descriptor" },
	{ "fd:99999999999999999999", "number of a descriptor" },
	{ "exec:", "expected a command" },
	{ "exec:  ", "expected a command" },
	{ "exec:a 'b", "not closed" },
	{ "exec:a \"b'", "not closed" },
	{ "exec:a\\", "backslash" },
};

static void
show(const struct address *a, struct bytes *out)
{
	if (a->path != NULL)
		bytes_text(out, a->path);
	for (char **word = a->argv; word != NULL && *word != NULL; word++)
		bytes_format(out, "[%s]", *word);
}

START_TEST(accepts)
{
	struct address a;
	struct error e = { 0 };
	AUTO_BYTES out = { 0 };

	ck_assert_msg(address_parse(&a, good[_i].text, &e) == 0, "%s: %s", good[_i].text, e.text);
	ck_assert_int_eq(a.kind, good[_i].kind);
	ck_assert_str_eq(a.text, good[_i].text);
	show(&a, &out);
	ck_assert_str_eq(bytes_string(&out), good[_i].is);
	address_free(&a);
}
END_TEST

START_TEST(refuses)
{
	struct address a;
	struct error e = { 0 };

	ck_assert_msg(address_parse(&a, bad[_i].text, &e) < 0, "accepted: %s", bad[_i].text);
	ck_assert_msg(strstr(e.text, bad[_i].says) != NULL, "%s: %s", bad[_i].text, e.text);
}
END_TEST

/* sun_path has 108 bytes; a longer path would be cut without a word. */
START_TEST(long_path)
{
	char path[200];
	struct address a;
	struct error e = { 0 };

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	ck_assert_int_eq(address_parse(&a, path, &e), 0);
	address_free(&a);
	path[107] = 'x';
	path[108] = '\0';
	ck_assert_int_lt(address_parse(&a, path, &e), 0);
	ck_assert_int_eq(e.code, ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(e.text, "may have 107 bytes, this one has 108"));
}
END_TEST

START_TEST(descriptor)
{
	struct address a;

	ck_assert_int_eq(address_parse(&a, "fd:17", NULL), 0);
	ck_assert_int_eq(a.fd, 17);
	address_free(&a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("address");
	TCase *t = tcase_create("address");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, accepts, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, refuses, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, long_path);
	tcase_add_test(t, descriptor);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
