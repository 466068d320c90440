#include "syntax.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "children.h"
#include "interpreter.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "process.h"

struct syntax {
	const struct definition *definition;
	syntax_report *report;
	void *arg;
	int problems;
};

static void
report(struct syntax *s, unsigned row, const char *text)
{
	s->problems++;
	s->report(s->arg, row, text);
}

/* The shells whose -n reads a script without running it. */
static bool
is_shell(const char *program)
{
	static const char *const shells[] = { "sh", "dash", "bash", "ksh", "mksh", "busybox" };
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(slash == NULL ? program : slash + 1, shells[i]) == 0)
			return true;
	}
	return false;
}

/* "PATH: 3: text" of dash, "PATH: line 3: text" of bash. */
static void
shell_line(struct syntax *s, struct span line)
{
	AUTO_FREE char *text = xmemdup(line.p, line.n);
	char *at = text, *end;
	size_t n = strlen(s->definition->path);
	unsigned long row;

	if (strncmp(at, s->definition->path, n) == 0 && at[n] == ':')
		at += n + 1;
	at += strspn(at, " ");
	if (strncmp(at, "line ", 5) == 0)
		at += 5;
	row = strtoul(at, &end, 10);
	if (end != at && *end == ':')
		at = end + 1 + strspn(end + 1, " ");
	else
		row = 0;
	/* bash shows the line once more */
	if (*at != '`')
		report(s, (unsigned)row, at);
}

/* Lets the shell read the script with -n, which runs nothing, and takes over what it says. */
static int
shell_check(struct syntax *s, const char *shell, struct error *e)
{
	char *argv[] = { xstrdup(shell), xstrdup("-n"), xstrdup(s->definition->path), NULL };
	struct process_spec spec = { .path = shell, .argv = argv, .in = -1, .out = -1 };
	struct line_reader reader = { 0 };
	struct span line;
	struct child *c;
	int fds[2], status = pipe2(fds, O_CLOEXEC) < 0 ? error_sys(e, "pipe") : 0;

	if (status == 0) {
		spec.err = fds[1];
		c = child_start(NULL, &spec, NULL, NULL, e);
		status = c == NULL ? -1 : 0;
		close(fds[1]);
		while (c != NULL && line_read(&reader, fds[0]) > 0) {
			while (line_next(&reader, &line) == LINE_OK)
				shell_line(s, line);
		}
		close(fds[0]);
		line_free(&reader);
		if (c != NULL)
			child_wait(c);
	}
	for (size_t i = 0; i < 3; i++)
		free(argv[i]);
	return status;
}

/* Whether a program can be found, as execvp would. */
static bool
program_there(const char *name)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *found = NULL;

	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0;
	found = process_find(name, path == NULL ? "/usr/bin:/bin" : path);
	return found != NULL;
}

int
syntax_check(const struct definition *d, syntax_report *each, void *arg, struct error *e)
{
	struct syntax s = { .definition = d, .report = each, .arg = arg };
	struct interpreter first;
	struct error bad;

	if (interpreter_read(&first, AT_FDCWD, d->path, &bad) < 0) {
		if (bad.code == ERROR_SYSTEM) {
			*e = bad;
			return error_before(e, "%s: ", d->name);
		}
		report(&s, 1, bad.text);
	} else if (first.program != NULL && !program_there(first.means)) {
		AUTO_FREE char *text = xformat("bad interpreter: there is no %s", first.means);

		report(&s, 1, text);
	} else if (first.program != NULL && is_shell(first.means) && shell_check(&s, first.means, e) < 0) {
		return -1;
	}
	return s.problems;
}
