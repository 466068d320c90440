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

bool
command_per_entry(const struct spec *s)
{
	return s->argv == NULL && s->shell_per_line;
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
join_lines(struct bytes *b, const struct spec *s)
{
	for (size_t i = 0; i < s->nscript; i++) {
		bytes_text(b, s->script[i]);
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
command_prepare_shell(struct command *c, const struct spec *s, size_t entry, const char *file,
    struct error *e)
{
	AUTO_BYTES text = { 0 };
	const char *why = c->why;

	command_free(c);
	c->why = why;
	if (s->nscript == 1 || s->shell_per_line) {
		bytes_text(&text, s->script[entry]);
	} else if (is_sh(s->shell) || is_bourne(s->shell)) {
		entries_join(&text, s->script, s->nscript);
		c->tells = true;
		c->why = "it has several entries";
	} else {
		join_lines(&text, s);
	}
	return is_sh(s->shell) ? use_sh(c, s, &text, file, e) : use_file(c, s, &text, file, e);
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
use_words(struct command *c, const struct spec *s, size_t entry, const struct environment *v)
{
	const char *path = variables_value(v, s, "PATH");

	c->words = simple_split(s->script[entry], &c->why);
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
command_prepare(struct command *c, const struct spec *s, size_t entry,
    const struct environment *v, const char *file, struct error *e)
{
	*c = (struct command){ 0 };
	if (s->argv != NULL) {
		c->path = s->argv[0];
		c->argv = s->argv;
		c->why = "argv is run as it is";
		return 0;
	}
	if (is_sh(s->shell) && (s->nscript == 1 || s->shell_per_line) && use_words(c, s, entry, v))
		return 0;
	return command_prepare_shell(c, s, entry, file, e);
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
