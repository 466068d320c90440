#include "left.h"

#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "table.h"
#include "terminal.h"

/* Lines below a build that is over; a matrix may have left hundreds. */
#define LINES 10

void
left_emit(struct bytes *into, const struct fold_job *j)
{
	if (j->nartifacts == 0)
		return;
	emit_key(into, "artifacts");
	bytes_char(into, '[');
	for (size_t i = 0; i < j->nartifacts; i++) {
		const struct fold_artifact *a = &j->artifacts[i];

		if (i > 0)
			bytes_char(into, ',');
		emit_open(into);
		emit_text(into, "artifact", a->id);
		if (a->name != NULL)
			emit_text(into, "name", a->name);
		if (a->digest != NULL)
			emit_text(into, "digest", a->digest);
		emit_integer(into, "files", a->files);
		emit_integer(into, "bytes", a->bytes);
		bytes_char(into, '}');
	}
	bytes_char(into, ']');
}

static void
number_cell(struct table *t, int64_t n)
{
	AUTO_FREE char *text = xformat("%lld", (long long)n);

	table_text(t, text, NULL);
}

void
left_print(const struct fold *f, const char *job)
{
	static const char *const headings[] = { "ARTIFACT", "JOB", "FILES", "BYTES" };
	struct table t;
	bool any = false;

	for (size_t i = 0; i < f->njobs; i++) {
		const struct fold_job *j = &f->jobs[i];

		for (size_t k = 0; k < j->nartifacts && (job == NULL || strcmp(j->id, job) == 0); k++) {
			if (!any) {
				putchar('\n');
				table_open(&t, headings, 4);
			}
			any = true;
			table_text(&t, j->artifacts[k].id, NULL);
			table_text(&t, j->id, NULL);
			number_cell(&t, j->artifacts[k].files);
			number_cell(&t, j->artifacts[k].bytes);
		}
	}
	if (any)
		table_close(&t);
}

void
left_add(struct bytes *b, const struct fold *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->njobs; i++) {
		const struct fold_job *j = &f->jobs[i];

		for (size_t k = 0; k < j->nartifacts; k++) {
			const struct fold_artifact *a = &j->artifacts[k];

			if (n++ >= LINES)
				continue;
			bytes_text(b, "artifact ");
			terminal_safe(b, j->id, strlen(j->id), false);
			bytes_char(b, '/');
			terminal_safe(b, a->id, strlen(a->id), false);
			bytes_format(b, ": %lld file%s, %lld bytes\n", (long long)a->files,
			    a->files == 1 ? "" : "s", (long long)a->bytes);
		}
	}
	if (n > LINES)
		bytes_format(b, "and %zu more: mci artifact ls %s\n", n - LINES,
		    f->build == NULL ? "" : f->build);
}
