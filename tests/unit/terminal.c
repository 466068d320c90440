/* Terminals: when there is colour, how wide text is, and that nothing in it is obeyed. */
#include "terminal.h"

#include <check.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int
open_terminal(int *master)
{
	int slave;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_eq(grantpt(*master) | unlockpt(*master), 0);
	slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	return slave;
}

static const struct {
	const char *when, *no_color, *term;
	bool terminal, color;
} colors[] = {
	{ NULL, NULL, "xterm", true, true },
	{ "auto", NULL, "xterm", true, true },
	{ "auto", "", "xterm", true, true },
	{ "auto", "1", "xterm", true, false },
	{ "auto", NULL, "dumb", true, false },
	{ "auto", NULL, NULL, true, false },
	{ "auto", NULL, "xterm", false, false },
	{ "always", "1", "dumb", false, true },
	{ "never", NULL, "xterm", true, false },
};

static void
set(const char *name, const char *value)
{
	if (value == NULL)
		unsetenv(name);
	else
		setenv(name, value, 1);
}

START_TEST(test_color)
{
	int master, terminal = open_terminal(&master), null = open("/dev/null", O_WRONLY);

	set("NO_COLOR", colors[_i].no_color);
	set("TERM", colors[_i].term);
	ck_assert_int_eq(terminal_color(colors[_i].terminal ? terminal : null, colors[_i].when),
	    colors[_i].color);
	close(null);
	close(terminal);
	close(master);
}
END_TEST

START_TEST(test_size)
{
	struct winsize size = { .ws_col = 133, .ws_row = 44 }, none = { 0 };
	int master, fd = open_terminal(&master);

	set("TERM", "xterm");
	ck_assert(terminal_moves(fd));
	set("TERM", "dumb");
	ck_assert(!terminal_moves(fd));
	ck_assert_int_eq(ioctl(fd, TIOCSWINSZ, &size), 0);
	set("COLUMNS", "50");
	ck_assert_int_eq(terminal_columns(fd), 133);
	ck_assert_int_eq(terminal_rows(fd), 44);
	ck_assert_int_eq(ioctl(fd, TIOCSWINSZ, &none), 0);
	ck_assert_int_eq(terminal_columns(fd), 50);
	ck_assert_int_eq(terminal_rows(fd), 24);
	set("COLUMNS", "wide");
	ck_assert_int_eq(terminal_columns(fd), 80);
	set("COLUMNS", NULL);
	ck_assert_int_eq(terminal_columns(fd), 80);
	close(fd);
	close(master);
}
END_TEST

static const struct {
	const char *text;
	size_t n;
	int width;
	size_t length;
} widths[] = {
	{ "a", 1, 1, 1 },
	{ "\xc3\xa9", 2, 1, 2 },
	{ "\xe4\xb8\xad", 3, 2, 3 },
	{ "\xf0\x9f\x98\x80", 4, 2, 4 },
	{ "\xcc\x81", 2, 0, 2 },
	{ "\xff", 1, 1, 1 },
	{ "\xe4\xb8", 2, 1, 1 },
};

START_TEST(test_width)
{
	size_t length;

	ck_assert_int_eq(terminal_width(widths[_i].text, widths[_i].n, &length), widths[_i].width);
	ck_assert_uint_eq(length, widths[_i].length);
}
END_TEST

#define E "\033"

static const struct {
	const char *text;
	bool color;
	const char *safe;
} safes[] = {
	{ "plain\ttext\n", true, "plain\ttext\n" },
	{ E "[31mred" E "[0m", true, E "[31mred" E "[0m" },
	{ E "[31mred" E "[0m", false, "red" },
	{ E "[38;2;255;100;0;48:5:17m!", true, E "[38;2;255;100;0;48:5:17m!" },
	{ E "[2J" E "[H", true, "^[[2J^[[H" },
	{ E "]0;title\a", true, "^[]0;title^G" },
	{ E "[?25l", true, "^[[?25l" },
	{ E "[31", true, "^[[31" },
	{ E, true, "^[" },
	{ E E "[1mx", true, "^[" E "[1mx" },
	{ E "[1111111111111111111111111111111111111111111111111111m", true,
	  "^[[1111111111111111111111111111111111111111111111111111m" },
	{ "\b\x7f\v", true, "^H^?^K" },
	{ "dos\r\nend\r", true, "dos\nend" },
	{ "50%\r100%\r\n", true, "50%^M100%\n" },
	{ "gr\xc3\xbc\xc3\x9f", true, "gr\xc3\xbc\xc3\x9f" },
	{ "\xff\xc3", true, "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xc2\x9b" "31m", true, "^[[31m" },
	{ "\xc2\x9d" "0;title", true, "^[]0;title" },
	{ "", true, "" },
};

START_TEST(test_safe)
{
	AUTO_BYTES b = { 0 };

	terminal_safe(&b, safes[_i].text, strlen(safes[_i].text), safes[_i].color);
	ck_assert_str_eq(bytes_string(&b), safes[_i].safe);
}
END_TEST

/* No byte that a terminal obeys comes through, whatever stands before or behind it. */
START_TEST(test_safe_all)
{
	for (int c = 0; c < 65536; c++) {
		char text[4] = { (char)(c >> 8), (char)c, 'm', '\n' };
		AUTO_BYTES b = { 0 };

		terminal_safe(&b, text, sizeof(text), false);
		for (size_t i = 0; i < b.len; i++) {
			unsigned char got = (unsigned char)b.data[i];

			ck_assert(got >= ' ' || got == '\n' || got == '\t');
			ck_assert(got != 0x7f);
		}
	}
}
END_TEST

static const struct {
	const char *text;
	int columns;
	const char *fits;
} fits[] = {
	{ "hello", 10, "hello" },
	{ "hello", 3, "hel" },
	{ "hello", 0, "" },
	{ "two\nlines", 10, "two" },
	{ "a\tb", 3, "a b" },
	{ "\xe4\xb8\xad\xe4\xb8\xad", 3, "\xe4\xb8\xad" },
	{ "e\xcc\x81x", 1, "e\xcc\x81" },
	{ E "[31mred" E "[0m", 3, "red" },
	{ "\b", 1, "^" },
	{ "", 5, "" },
};

START_TEST(test_fit)
{
	AUTO_BYTES b = { 0 };

	terminal_fit(&b, fits[_i].text, strlen(fits[_i].text), fits[_i].columns);
	ck_assert_str_eq(bytes_string(&b), fits[_i].fits);
}
END_TEST

static const struct {
	const char *text;
	int columns;
	const char *squeezed; /* in a locale with UTF-8 */
	int used;
} squeezes[] = {
	{ "hello", 5, "hello", 5 },
	{ "hello", 4, "he\xe2\x80\xa6o", 4 },
	{ "hello", 3, "h\xe2\x80\xa6o", 3 },
	{ "hello", 2, "he", 2 },
	{ "hello", 0, "", 0 },
	{ "test.debian-12.clang.asan", 12, "test.d\xe2\x80\xa6.asan", 12 },
	{ "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 6, "\xe4\xb8\xad\xe2\x80\xa6\xe4\xb8\xad", 5 },
	{ "two\nlines", 10, "two", 3 },
	{ "", 5, "", 0 },
};

START_TEST(test_squeeze)
{
	AUTO_BYTES b = { 0 };

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	ck_assert_int_eq(terminal_squeeze(&b, squeezes[_i].text, strlen(squeezes[_i].text),
	    squeezes[_i].columns), squeezes[_i].used);
	ck_assert_str_eq(bytes_string(&b), squeezes[_i].squeezed);
	setlocale(LC_CTYPE, "C");
	b.len = 0;
	ck_assert_int_le(terminal_squeeze(&b, squeezes[_i].text, strlen(squeezes[_i].text),
	    squeezes[_i].columns), squeezes[_i].columns);
	ck_assert_ptr_null(strstr(bytes_string(&b), "\xe2\x80\xa6"));
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("terminal");
	TCase *t = tcase_create("terminal");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, test_color, 0, COUNT(colors));
	tcase_add_test(t, test_size);
	tcase_add_loop_test(t, test_width, 0, COUNT(widths));
	tcase_add_loop_test(t, test_safe, 0, COUNT(safes));
	tcase_add_test(t, test_safe_all);
	tcase_add_loop_test(t, test_fit, 0, COUNT(fits));
	tcase_add_loop_test(t, test_squeeze, 0, COUNT(squeezes));
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
