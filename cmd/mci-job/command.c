#include "command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "entries.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "process.h"
#include "simple.h"
#include "variables.h"

#define SHELL "/bin/sh"
#define ARGUMENT_LIMIT (120 * 1024) /* below the kernel's 128 KiB for one argument */

/* Shells that take -e and read a text as sh does. */
static const char *const bourne[] = { "ash", "bash", "dash", "ksh", "mksh", "sh", "yash", "zsh" };

/* Whether its first line names what runs it (#!, execve(2)). */
static bool
has_interpreter(const struct spec_entry *entry)
{
	return strncmp(entry->run, "#!", 2) == 0;
}

struct command_part
command_part(const struct spec *s, bool finally, size_t from)
{
	const struct spec_entry *entries = finally ? s->finally : s->script;
	size_t n = finally ? s->nfinally : s->nscript, to = from + 1;

	if (entries == NULL)
		return (struct command_part){ NULL, 0 };
	while (to < n && !finally && !s->shell_per_line && !has_interpreter(&entries[from]) &&
	    !has_interpreter(&entries[to]))
		to++;
	return (struct command_part){ entries + from, to - from };
}

static bool
is_sh(const char *shell)
{
	return shell == NULL || strcmp(shell, "sh") == 0 || strcmp(shell, SHELL) == 0;
}

/* Whether the shell, a path or name that arguments may follow, reads what sh does. */
static bool
is_bourne(const char *shell)
{
	size_t n = strcspn(shell, " \t\n");
	const char *slash = memrchr(shell, '/', n);
	const char *name = slash != NULL ? slash + 1 : shell;

	n -= (size_t)(name - shell);
	for (size_t i = 0; i < sizeof(bourne) / sizeof(bourne[0]); i++) {
		if (strlen(bourne[i]) == n && memcmp(bourne[i], name, n) == 0)
			return true;
	}
	return false;
}

static void
join_lines(struct bytes *b, struct command_part part)
{
	for (size_t i = 0; i < part.n; i++) {
		bytes_text(b, part.entries[i].run);
		bytes_char(b, '\n');
	}
}

static int
file_write(struct command *c, const char *path, const char *text, size_t n, struct error *e)
{
	AUTO_CLOSE int fd = -1;

	if (path == NULL)
		return 0;
	fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return error_sys(e, "create %s", path);
	c->file = xstrdup(path);
	if (kernel_write_all(fd, text, n) < 0)
		return error_sys(e, "write %s", path);
	return 0;
}

static void
list_add(struct command *c, const char *word)
{
	size_t n = 0;

	while (c->list[n] != NULL)
		n++;
	c->list[n] = word;
}

static const char *
file_name(const struct command *c)
{
	return c->file != NULL ? c->file : "SCRIPT";
}

static void
list_use(struct command *c)
{
	c->path = c->list[0];
	c->argv = (char **)(uintptr_t)c->list;
}

/* sh with the text as an argument, or in a file when it is too long for one. */
static int
use_sh(struct command *c, const struct spec *s, struct bytes *text, const char *file,
    struct error *e)
{
	bool in_file = text->len > ARGUMENT_LIMIT;

	if (in_file && file_write(c, file, text->data, text->len, e) < 0)
		return -1;
	list_add(c, SHELL);
	if (!s->shell_per_line)
		list_add(c, "-e");
	/* behind -- no text is an option */
	if (!in_file) {
		list_add(c, "-c");
		list_add(c, "--");
	}
	c->text = bytes_give(text);
	list_add(c, in_file ? file_name(c) : c->text);
	list_use(c);
	/* argv[0] as people know it from the shell's messages */
	c->list[0] = "sh";
	c->path = SHELL;
	return 0;
}

/* Any other interpreter gets a file; a lone name of a shell also -e. */
static int
use_file(struct command *c, const struct spec *s, const struct bytes *text, const char *file,
    struct error *e)
{
	const char *why;
	size_t n = 0;

	c->words = simple_split(s->shell, &why);
	while (c->words != NULL && c->words[n] != NULL)
		n++;
	if (n == 0 || n > 5)
		return error_set(e, ERROR_INPUT,
		    "shell: '%.200s' is not a program with at most four arguments", s->shell);
	if (file_write(c, file, text->data, text->len, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		list_add(c, c->words[i]);
	if (n == 1 && !s->shell_per_line && is_bourne(c->words[0]))
		list_add(c, "-e");
	list_add(c, file_name(c));
	list_use(c);
	c->why = "another shell gets the script as a file";
	return 0;
}

int
command_prepare_shell(struct command *c, const struct spec *s, struct command_part part,
    const char *file, struct error *e)
{
	AUTO_BYTES text = { 0 };
	const char *why = c->why;

	command_free(c);
	c->why = why;
	if (part.n == 1) {
		bytes_text(&text, part.entries[0].run);
	} else if (is_sh(s->shell) || is_bourne(s->shell)) {
		entries_join(&text, part.entries, part.n);
		c->tells = true;
		c->why = "it has several entries";
	} else {
		join_lines(&text, part);
	}
	return is_sh(s->shell) ? use_sh(c, s, &text, file, e) : use_file(c, s, &text, file, e);
}

/* As the kernel reads such a line: a program, and what is behind it as one argument. The file itself is
 * nothing to execute, for its folder may not allow that. */
static int
use_interpreter(struct command *c, const char *text, const char *file, struct error *e)
{
	char *line = xmemdup(text + 2, strcspn(text + 2, "\n")), *end = line + strlen(line);
	char *program = line + strspn(line, " \t"), *argument;

	c->text = line;
	while (end > program && strchr(" \t", end[-1]) != NULL)
		*--end = '\0';
	if (*program == '\0')
		return error_set(e, ERROR_INPUT, "script: '#!' names no interpreter");
	argument = program + strcspn(program, " \t");
	if (*argument != '\0') {
		*argument++ = '\0';
		argument += strspn(argument, " \t");
	}
	if (file_write(c, file, text, strlen(text), e) < 0)
		return -1;
	list_add(c, program);
	if (*argument != '\0')
		list_add(c, argument);
	list_add(c, file_name(c));
	list_use(c);
	c->why = "its first line names what runs it";
	return 0;
}

/* What only makes sense to the shell itself: entries of PATH that depend on where it stands, options that
 * it takes from its environment. */
static bool
needs_shell(const struct environment *v, const struct spec *s, const char *path)
{
	if (path == NULL || variables_value(v, s, "SHELLOPTS") != NULL)
		return true;
	while (*path == '/') {
		path += strcspn(path, ":");
		if (*path == '\0')
			return false;
		path++;
	}
	return true;
}

/* Looked up afresh each time, as a new shell does: an earlier job may have installed the program. */
static bool
use_words(struct command *c, const struct spec *s, const char *text, const struct environment *v)
{
	const char *path = variables_value(v, s, "PATH");

	c->words = simple_split(text, &c->why);
	if (c->words == NULL)
		return false;
	c->path = c->words[0];
	if (strchr(c->path, '/') == NULL) {
		if (!needs_shell(v, s, path))
			c->found = process_find(c->path, path);
		c->path = c->found;
		c->why = "its program is not found on the PATH";
	}
	if (c->path == NULL)
		return false;
	c->argv = c->words;
	c->simple = true;
	c->why = "it is one simple command";
	return true;
}

int
command_prepare(struct command *c, const struct spec *s, struct command_part part,
    const struct environment *v, const char *file, struct error *e)
{
	*c = (struct command){ 0 };
	if (part.n == 0 && s->argv == NULL) {
		c->argv = (char **)(uintptr_t)c->list;
		c->why = "the image says what it runs";
		return 0;
	}
	if (part.n == 0) {
		c->path = s->argv[0];
		c->argv = s->argv;
		c->why = "argv is run as it is";
		return 0;
	}
	if (has_interpreter(&part.entries[0]))
		return use_interpreter(c, part.entries[0].run, file, e);
	if (v == NULL)
		c->why = "its programs are not this machine's";
	else if (is_sh(s->shell) && part.n == 1 && use_words(c, s, part.entries[0].run, v))
		return 0;
	return command_prepare_shell(c, s, part, file, e);
}

void
command_free(struct command *c)
{
	if (c->file != NULL)
		(void)names_remove(AT_FDCWD, c->file, NULL);
	free(c->words);
	free(c->text);
	free(c->found);
	free(c->file);
	*c = (struct command){ 0 };
}
