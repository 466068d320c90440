#include "lint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "document.h"
#include "emit.h"
#include "graph.h"
#include "kernel.h"
#include "line.h"
#include "matrix.h"
#include "memory.h"
#include "process.h"
#include "spec.h"

struct lint {
	FILE *out;
	bool json;
	size_t problems;
	struct document doc;
	struct graph graph;
	uint32_t *owners; /* the document's job behind each node of the graph; NO_JOB: a bad one */
	uint32_t nowners;
};

static int
report(void *arg, const struct document_problem *p)
{
	struct lint *l = arg;
	AUTO_BYTES line = { 0 };

	l->problems++;
	if (l->json) {
		emit_open(&line);
		emit_text(&line, "file", p->file);
		emit_integer(&line, "row", p->row);
		emit_integer(&line, "column", p->column);
		if (p->job != NULL)
			emit_text(&line, "job", p->job);
		emit_text(&line, "problem", p->text);
		emit_line(&line);
	} else {
		bytes_text(&line, p->file);
		if (p->row > 0)
			bytes_format(&line, ":%u:%u", p->row, p->column);
		bytes_format(&line, ": %s\n", p->text);
	}
	fwrite(line.data, 1, line.len, l->out);
	return 0;
}

/* A problem of a good job's field; text begins with the field's path. */
static void
job_report(struct lint *l, const struct document_job *j, const char *id, const char *text)
{
	struct document_problem p = { .file = j->file, .text = text, .job = id };

	document_place(&l->doc, j, text, &p.row, &p.column);
	report(l, &p);
}

static void
own(struct lint *l, uint32_t node, uint32_t job)
{
	if (node >= l->nowners) {
		l->owners = xrealloc(l->owners, (size_t)node * 2 + 16, sizeof(*l->owners));
		memset(l->owners + l->nowners, 0xff,
		    ((size_t)node * 2 + 16 - l->nowners) * sizeof(*l->owners));
		l->nowners = node * 2 + 16;
	}
	l->owners[node] = job;
}

/* Jobs that cannot be read are there all the same for those that depend on them. */
static int
report_file(void *arg, const struct document_problem *p)
{
	struct lint *l = arg;
	uint32_t node;

	if (p->job != NULL && graph_find(&l->graph, p->job, strlen(p->job)) == NO_JOB &&
	    graph_declare(&l->graph, p->job, &node, NULL) == 0)
		own(l, node, NO_JOB);
	return report(l, p);
}

/* What the members of one matrix are hung on. */
struct group {
	struct lint *lint;
	uint32_t job, node; /* NO_JOB: no matrix */
};

static int
member_declare(void *arg, struct spec *s, struct error *e)
{
	struct group *group = arg;
	uint32_t node;
	int status = graph_declare(&group->lint->graph, s->id, &node, e);

	if (status == 0) {
		own(group->lint, node, group->job);
		if (group->node != NO_JOB)
			graph_depend(&group->lint->graph, group->node, node);
	}
	spec_free(s);
	return status;
}

static void
twice_report(struct lint *l, const struct document_job *j, const char *id, const struct error *e)
{
	AUTO_FREE char *text = NULL;
	uint32_t node = graph_find(&l->graph, id, strlen(id));
	uint32_t first = node < l->nowners ? l->owners[node] : NO_JOB;

	if (first == NO_JOB) {
		text = xformat("id: %s", e->text);
	} else {
		const struct document_job *other = &l->doc.jobs[first];
		text = xformat("id: the id '%s' is taken by the job at %s:%u:%u", id, other->file,
		    other->row, other->column);
	}
	job_report(l, j, id, text);
}

/* Puts a job and the members of its matrix into the graph, without their edges. */
static void
job_declare(struct lint *l, uint32_t job)
{
	const struct document_job *j = &l->doc.jobs[job];
	struct group group = { l, job, NO_JOB };
	struct spec spec;
	struct error e = { 0 };

	if (spec_read(&spec, j->line.p, j->line.n, 0, &e) < 0) {
		job_report(l, j, NULL, e.text);
		return;
	}
	if (spec_has(&spec, SPEC_MATRIX) && graph_declare(&l->graph, spec.id, &group.node, &e) == 0)
		own(l, group.node, job);
	if (e.code != ERROR_NONE || matrix_expand(&spec, member_declare, &group, &e) < 0) {
		if (strncmp(e.text, "matrix", 6) == 0)
			job_report(l, j, spec.id, e.text);
		else
			twice_report(l, j, spec.id, &e);
	}
	spec_free(&spec);
}

/* One job of the graph, or a member of a matrix, waits for what its spec says. */
static int
member_connect(void *arg, struct spec *s, struct error *e)
{
	struct lint *l = arg;
	uint32_t node = graph_find(&l->graph, s->id, strlen(s->id)), on;

	(void)e;
	for (size_t i = 0; node != NO_JOB && i < s->ndepends; i++) {
		on = graph_find(&l->graph, s->depends[i], strlen(s->depends[i]));
		if (on != NO_JOB)
			graph_depend(&l->graph, node, on);
	}
	spec_free(s);
	return 0;
}

static void
unknown_report(struct lint *l, const struct document_job *j, const struct spec *s)
{
	for (size_t i = 0; i < s->ndepends; i++) {
		const char *near;
		AUTO_FREE char *text = NULL;

		if (graph_find(&l->graph, s->depends[i], strlen(s->depends[i])) != NO_JOB)
			continue;
		near = graph_nearest(&l->graph, s->depends[i]);
		text = xformat("depends-on[%zu]: there is no job '%s'%s%s%s", i, s->depends[i],
		    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "'?" : "");
		job_report(l, j, s->id, text);
	}
}

static void
job_connect(struct lint *l, uint32_t job)
{
	const struct document_job *j = &l->doc.jobs[job];
	struct spec spec;

	if (spec_read(&spec, j->line.p, j->line.n, 0, NULL) < 0)
		return;
	unknown_report(l, j, &spec);
	(void)matrix_expand(&spec, member_connect, l, NULL);
	spec_free(&spec);
}

static void
graph_report(struct lint *l)
{
	uint32_t at = NO_JOB, job;
	struct error e;

	for (uint32_t i = 0; i < l->doc.n; i++)
		job_declare(l, i);
	for (uint32_t i = 0; i < l->doc.n; i++)
		job_connect(l, i);
	if (graph_check(&l->graph, &at, &e) == 0)
		return;
	job = at < l->nowners ? l->owners[at] : NO_JOB;
	if (job != NO_JOB)
		job_report(l, &l->doc.jobs[job], l->graph.jobs[at].id, e.text);
	else
		report(l, &(struct document_problem){ .file = l->doc.names[0], .text = e.text });
}

static void
documents_lint(struct lint *l, const struct definition *d)
{
	graph_init(&l->graph);
	document_survey(&l->doc, d, report_file, l);
	graph_report(l);
	document_free(&l->doc);
	graph_free(&l->graph);
	free(l->owners);
}

static void
script_report(struct lint *l, const struct definition *d, unsigned row, const char *text)
{
	report(l, &(struct document_problem){ d->name, row, row > 0, text, NULL });
}

/* The shells whose -n reads a script without running it. */
static bool
is_shell(const char *interpreter)
{
	static const char *const shells[] = { "sh", "dash", "bash", "ksh", "mksh", "busybox" };
	const char *slash = strrchr(interpreter, '/');

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(slash == NULL ? interpreter : slash + 1, shells[i]) == 0)
			return true;
	}
	return false;
}

/* "PATH: 3: text" of dash, "PATH: line 3: text" of bash. */
static void
shell_line(struct lint *l, const struct definition *d, struct span line)
{
	AUTO_FREE char *text = xmemdup(line.p, line.n);
	char *at = text, *end;
	size_t n = strlen(d->path);
	unsigned long row;

	if (strncmp(at, d->path, n) == 0 && at[n] == ':')
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
		script_report(l, d, (unsigned)row, at);
}

/* Lets the shell read the script with -n, which runs nothing, and takes over what it says. */
static int
shell_check(struct lint *l, const struct definition *d, const char *shell, struct error *e)
{
	char *argv[] = { xstrdup(shell), xstrdup("-n"), xstrdup(d->path), NULL };
	struct process_spec child = { .path = shell, .argv = argv, .in = -1, .out = -1 };
	struct line_reader reader = { 0 };
	struct span line;
	pid_t pid;
	int fds[2], status = pipe2(fds, O_CLOEXEC) < 0 ? error_sys(e, "pipe") : 0;

	if (status == 0) {
		child.err = fds[1];
		status = process_spawn(&pid, &child, e);
		close(fds[1]);
		while (status == 0 && line_read(&reader, fds[0]) > 0) {
			while (line_next(&reader, &line) == LINE_OK)
				shell_line(l, d, line);
		}
		close(fds[0]);
		line_free(&reader);
		if (status == 0)
			waitpid(pid, NULL, 0);
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
	AUTO_FREE char *folders = NULL;

	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0;
	folders = xstrdup(path == NULL ? "/usr/bin:/bin" : path);
	for (char *rest = folders, *folder; (folder = strsep(&rest, ":")) != NULL;) {
		AUTO_FREE char *file = xformat("%s/%s", *folder == '\0' ? "." : folder, name);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

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

/* The program that a #! line means, cut out in place: behind env the next word, no option. */
static char *
interpreter(char *line)
{
	char *word = word_next(&line);
	const char *slash = word == NULL ? NULL : strrchr(word, '/');

	if (slash == NULL || strcmp(slash, "/env") != 0)
		return word;
	do {
		word = word_next(&line);
	} while (word != NULL && (*word == '-' || strchr(word, '=') != NULL));
	return word;
}

static int
first_line_check(struct lint *l, const struct definition *d, char *line, struct error *e)
{
	char *program;
	AUTO_FREE char *text = NULL;

	line[strcspn(line, "\n")] = '\0';
	if (*line != '\0' && line[strlen(line) - 1] == '\r') {
		script_report(l, d, 1,
		    "the line ends with a carriage return, which becomes part of the program's "
		    "name (save the file with Unix line ends)");
		return 0;
	}
	program = interpreter(line + 2);
	if (program == NULL) {
		script_report(l, d, 1, "#! names no program (such as #!/bin/sh)");
		return 0;
	}
	if (!program_there(program)) {
		text = xformat("there is no program '%s' to run this script", program);
		script_report(l, d, 1, text);
		return 0;
	}
	return is_shell(program) ? shell_check(l, d, program, e) : 0;
}

static int
script_lint(struct lint *l, const struct definition *d, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, d->path, O_RDONLY, 0);
	char head[512];
	ssize_t n;

	if (fd < 0 || (n = kernel.read(fd, head, sizeof(head) - 1)) < 0)
		return error_sys(e, "%s", d->name);
	head[n] = '\0';
	if (access(d->path, X_OK) != 0)
		script_report(l, d, 0, "not executable (chmod +x)");
	if (strncmp(head, "#!", 2) == 0)
		return first_line_check(l, d, head, e);
	if (n < 4 || memcmp(head, "\177ELF", 4) != 0)
		script_report(
		    l, d, 1, "no #! line says which program runs this script (such as #!/bin/sh)");
	return 0;
}

int
lint_run(const struct definition *d, FILE *out, bool json, struct error *e)
{
	struct lint l = { .out = out, .json = json };
	int status = 0;

	if (d->kind == DEFINITION_STDIN)
		return error_set(e, ERROR_USAGE, "there is nothing to lint in '-'; name a file");
	if (d->kind == DEFINITION_DOCUMENT)
		documents_lint(&l, d);
	else
		status = script_lint(&l, d, e);
	if (status < 0)
		return -1;
	if (fflush(out) != 0 || ferror(out))
		return error_sys(e, "standard output");
	return l.problems > 0;
}
