#include "logname.h"

#include <stdlib.h>
#include <string.h>

#include "buildname.h"
#include "emit.h"
#include "logfile.h"
#include "memory.h"
#include "number.h"
#include "spec.h"

int
logname_set(struct logname *n, const char *build, int64_t run, const char *job, int64_t attempt,
    struct error *e)
{
	*n = (struct logname){ 0 };
	if (buildname_check((struct span){ build, strlen(build) }, e) < 0)
		return -1;
	if (run < 0 || run > INT32_MAX)
		return error_set(e, ERROR_INPUT, "run: expected a number from 1");
	if (job != NULL && !spec_id_ok(job, strlen(job)))
		return error_set(e, ERROR_INPUT, "'%s' is no job's id", job);
	if (attempt < 0 || attempt > INT32_MAX)
		return error_set(e, ERROR_INPUT, "attempt: expected a number from 1");
	if (job == NULL && attempt > 1)
		return error_set(e, ERROR_INPUT, "a script has one attempt");
	n->build = xstrdup(build);
	n->run = (int)run;
	n->job = job == NULL ? NULL : xstrdup(job);
	n->attempt = job == NULL ? 1 : (int)attempt;
	return 0;
}

void
logname_copy(struct logname *into, const struct logname *n)
{
	*into = *n;
	into->build = xstrdup(n->build);
	into->job = n->job == NULL ? NULL : xstrdup(n->job);
}

/* Cuts "@NUMBER" off, unless there is none. 0 or -1. */
static int
take_number(char *text, int64_t *number, struct error *e)
{
	char *at = strchr(text, '@');

	if (at == NULL)
		return 0;
	*at++ = '\0';
	return number_parse(at, strlen(at), 1, INT32_MAX, number, e);
}

int
logname_parse(struct logname *n, const char *text, struct error *e)
{
	AUTO_FREE char *build = xstrdup(text);
	char *job = build;
	int64_t run = 0, attempt = 0;

	for (int i = 0; i < 3 && job != NULL; i++) {
		job = strchr(job, '/');
		if (job != NULL)
			job++;
	}
	*n = (struct logname){ 0 };
	if (job != NULL) {
		job[-1] = '\0';
		if (take_number(job, &attempt, e) < 0)
			return error_before(e, "%s: attempt: ", text);
	}
	if (take_number(build, &run, e) < 0)
		return error_before(e, "%s: run: ", text);
	return logname_set(n, build, run, job, attempt, e);
}

void
logname_write(struct bytes *into, const struct logname *n)
{
	bytes_text(into, n->build);
	if (n->run > 1)
		bytes_format(into, "@%d", n->run);
	if (n->job == NULL)
		return;
	bytes_format(into, "/%s", n->job);
	if (n->attempt > 1)
		bytes_format(into, "@%d", n->attempt);
}

bool
logname_same(const struct logname *a, const struct logname *b)
{
	if (a->attempt != b->attempt || a->run != b->run || strcmp(a->build, b->build) != 0)
		return false;
	return a->job == NULL || b->job == NULL ? a->job == b->job : strcmp(a->job, b->job) == 0;
}

void
logname_free(struct logname *n)
{
	free(n->build);
	free(n->job);
	*n = (struct logname){ 0 };
}

void
logname_emit(struct bytes *into, const struct logname *n)
{
	emit_text(into, "build", n->build);
	if (n->run > 0)
		emit_integer(into, "run", n->run);
	if (n->job != NULL)
		emit_text(into, "job", n->job);
	if (n->attempt > 0)
		emit_integer(into, "attempt", n->attempt);
}

void
logname_open(struct bytes *into, const struct logname *n)
{
	emit_open(into);
	logname_emit(into, n);
}

char *
logname_folder(const struct logname *n)
{
	struct bytes path = { 0 };

	bytes_text(&path, n->build);
	if (n->job != NULL) {
		bytes_char(&path, '/');
		logfile_folder(&path, n->run);
	}
	return bytes_give(&path);
}

char *
logname_stem(const struct logname *n)
{
	AUTO_FREE char *folder = logname_folder(n);
	struct bytes path = { 0 };

	bytes_format(&path, "%s/", folder);
	logfile_stem(&path, n->job == NULL ? "script" : n->job, n->job == NULL ? n->run : n->attempt);
	return bytes_give(&path);
}
