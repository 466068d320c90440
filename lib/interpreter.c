#include "interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

static const char mark[] = "\357\273\277"; /* of the byte order, as some editors put it before UTF-8 */

/* Ends the first word of a text and gives it; *rest goes behind it. NULL when there is none. */
static char *
word_next(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	size_t n = strcspn(word, " \t");

	*rest = word + n + (word[n] != '\0');
	word[n] = '\0';
	return n == 0 ? NULL : word;
}

/* Behind env the next word that is neither an option nor a variable. */
static const char *
means(char *program, char *rest)
{
	const char *slash = strrchr(program, '/');
	char *word = program;

	if (slash == NULL || strcmp(slash, "/env") != 0)
		return program;
	do {
		word = word_next(&rest);
	} while (word != NULL && (*word == '-' || strchr(word, '=') != NULL));
	return word == NULL ? program : word;
}

/* The carriage return at the end of the line becomes part of the last word. */
static int
returns(struct interpreter *i, size_t n, struct error *e)
{
	size_t from = n;

	i->line[n] = '\0';
	while (from > 2 && strchr(" \t", i->line[from - 1]) == NULL)
		from--;
	return error_set(e, ERROR_INPUT, "bad interpreter: '%s\\r': the first line ends with a carriage "
	    "return (CRLF); save the file with Unix line ends", i->line + from);
}

static int
line_read(struct interpreter *i, struct error *e)
{
	char *rest = i->line + 2, *program;
	size_t n = strcspn(i->line, "\n");

	i->line[n] = '\0';
	if (n > 0 && i->line[n - 1] == '\r')
		return returns(i, n - 1, e);
	program = word_next(&rest);
	if (program == NULL)
		return error_set(e, ERROR_INPUT,
		    "bad interpreter: #! names no program (such as #!/bin/sh)");
	i->program = program;
	i->means = means(program, rest);
	return 0;
}

int
interpreter_read(struct interpreter *i, int dir, const char *file, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(dir, file, O_RDONLY | O_NONBLOCK, 0);
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, i->line, INTERPRETER_LINE);

	i->program = i->means = NULL;
	if (n < 0)
		return error_sys(e, "its first line cannot be read");
	i->line[n] = '\0';
	if (strncmp(i->line, "#!", 2) == 0)
		return line_read(i, e);
	if (strncmp(i->line, mark, 3) == 0 && strncmp(i->line + 3, "#!", 2) == 0)
		return error_set(e, ERROR_INPUT, "bad interpreter: a byte order mark (UTF-8 BOM) stands "
		    "before #!: save the file without it");
	if (n >= 4 && memcmp(i->line, "\177ELF", 4) == 0)
		return 0;
	return error_set(e, ERROR_INPUT, "no #! line says which program runs it (such as #!/bin/sh)");
}

/* The program of a good #! line, or the loader of a binary. */
static int
program_check(const struct interpreter *i, int dir, int sys, struct error *e)
{
	struct stat st;

	if (i->program == NULL && sys == ENOENT)
		return error_set(e, ERROR_INPUT, "the loader that it names is not there (is it built for "
		    "another system?)");
	if (i->program == NULL)
		return 0;
	if (fstatat(dir, i->program, &st, 0) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_set(e, ERROR_INPUT, "bad interpreter: there is no %s", i->program);
	if (faccessat(dir, i->program, X_OK, 0) < 0)
		return error_sys(e, "bad interpreter: %s", i->program);
	return S_ISREG(st.st_mode) ? 0 :
	    error_set(e, ERROR_INPUT, "bad interpreter: %s is no program", i->program);
}

int
interpreter_explain(int dir, const char *file, int sys, struct error *e)
{
	struct interpreter i;
	int result;

	/* the file itself: missing, not executable, or executable only */
	if (faccessat(dir, file, X_OK | R_OK, 0) < 0)
		return 0;
	result = interpreter_read(&i, dir, file, e);
	if (result == 0)
		result = program_check(&i, dir, sys, e);
	if (result < 0 && e != NULL)
		e->sys = sys;
	return result;
}
