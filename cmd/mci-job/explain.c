#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "demands.h"
#include "intake.h"
#include "memory.h"
#include "notes.h"
#include "place.h"
#include "quote.h"
#include "variables.h"

struct explanation {
	const struct settings *settings;
	struct environment environment;
	int status;
};

static void
word_print(const char *word)
{
	AUTO_BYTES text = { 0 };

	quote_shown(&text, word);
	fputs(bytes_string(&text), stdout);
}

static void
row_print(const struct spec *s, const char *key, size_t entry, struct command_part part,
    const struct command *c)
{
	fputs(s->id, stdout);
	if (*key != '\0')
		printf(".%s", key);
	if (part.n > 0 && (*key != '\0' || part.n < s->nscript))
		printf("[%zu]", entry);
	printf("\t%s\t%s\t", part.n == 0 || c->simple ? "no shell" : "shell", c->why);
	if (c->path != NULL)
		word_print(c->simple ? c->path : c->argv[0]);
	for (char **word = c->argv + (c->path != NULL); *word != NULL; word++) {
		putchar(' ');
		word_print(*word);
	}
	putchar('\n');
}

/* All processes of the script, or of what is run behind it. */
static int
parts_explain(const struct explanation *x, const struct spec *s, bool finally, struct error *e)
{
	size_t n = finally ? s->nfinally : s->nscript, i = 0;
	int status = 0;

	do {
		struct command_part part = command_part(s, finally, i);
		struct command c = { 0 };

		status = command_prepare(&c, s, part, &x->environment, NULL, e);
		if (status == 0)
			row_print(s, finally ? "finally" : "", i, part, &c);
		command_free(&c);
		i += part.n;
	} while (status == 0 && i < n);
	return status;
}

/* What the runner prints, each line behind the job's id. */
static void
lines_print(const struct spec *s, const char *text)
{
	for (size_t n; *text != '\0'; text += n + 1) {
		n = strcspn(text, "\n");
		printf("%s\t%.*s\n", s->id, (int)n, text);
	}
}

/* Where it would run: of the first process, for all see the same. Paths in capitals are made for a run. */
static int
place_tell(const struct explanation *x, const struct spec *s, struct error *e)
{
	static const struct variables_attempt own = { .id = "ID", .number = 1, .output = "MCI_OUTPUT=OUTPUT",
		.notes = "MCI_NOTES=" NOTES_PATH };
	AUTO_FREE char **env = variables_make(&x->environment, s, &own), *cwd = getcwd(NULL, 0);
	AUTO_FREE char *dir = xformat("%s%s%s", cwd, s->dir == NULL ? "" : "/", s->dir == NULL ? "" : s->dir);
	struct runner_job job;
	struct command c = { 0 };
	AUTO_BYTES text = { 0 };
	int status = place_open(&job, x->settings, s, e);

	if (status == 0)
		status = command_prepare(&c, s, command_part(s, false, 0), &x->environment, NULL, e);
	if (status == 0) {
		struct process_spec p = { .path = c.path, .argv = c.argv, .env = env, .dir = dir,
			.terminal = s->pty ? "PTY" : NULL };

		job.folder = job.shown = cwd;
		job.room = "ROOM";
		job.home = "HOME";
		place_explain(&job, &p, &text);
		lines_print(s, bytes_string(&text));
	}
	place_over(&job);
	command_free(&c);
	return status;
}

static void
explain(struct explanation *x, const struct spec *s)
{
	struct error e = { 0 };

	if (demands_check(x->settings, &x->environment, s, &e) == 0 &&
	    parts_explain(x, s, false, &e) == 0 &&
	    (s->nfinally == 0 || parts_explain(x, s, true, &e) == 0) && place_tell(x, s, &e) == 0)
		return;
	printf("%s\terror\t%s\t\n", s->id, e.text);
	x->status = EXIT_ERROR;
}

static bool
line_explain(struct explanation *x, struct span line, uint64_t number)
{
	struct error e = { 0 };
	struct message m;
	struct spec s;
	const char *name;
	int got;

	if (line.n == 0)
		return true;
	got = intake_read(line, &s, &m, &name, &e);
	if (got < 0) {
		fprintf(stderr, "mci-job: line %llu: %s\n", (unsigned long long)number, e.text);
		x->status = EXIT_ERROR;
		return false;
	}
	if (got > 0) {
		explain(x, &s);
		spec_free(&s);
	}
	return true;
}

static void
lines_explain(struct explanation *x)
{
	struct line_reader lines = { 0 };
	struct span line;
	enum line_result got;
	bool good = true;
	struct error e;
	ssize_t n = 0;

	while (good && (n = line_wait(&lines, STDIN_FILENO)) > 0) {
		while (good && (got = line_next(&lines, &line)) != LINE_NONE)
			good = line_explain(x, line, lines.number);
	}
	if (n < 0) {
		fprintf(stderr, "mci-job: read standard input: %s\n", strerror(errno));
		x->status = EXIT_ERROR;
	} else if (lines.number == 0 && line_rest(&lines).n == 0) {
		intake_nothing(&e);
		fprintf(stderr, "mci-job: %s\n", e.text);
		x->status = EXIT_ERROR;
	} else if (good) {
		line_explain(x, line_rest(&lines), lines.number + 1);
	}
	line_free(&lines);
}

int
explain_run(const struct settings *settings)
{
	struct explanation x = { .settings = settings };

	environment_open(&x.environment, settings->env, settings->nenv);
	if (settings->argv != NULL) {
		struct spec s = { .id = (char *)(uintptr_t)"command", .argv = settings->argv };

		explain(&x, &s);
	} else {
		lines_explain(&x);
	}
	environment_close(&x.environment);
	return x.status;
}
