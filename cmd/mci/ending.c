#include "ending.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "memory.h"
#include "place.h"
#include "state.h"
#include "tails.h"

#define TAILS 5
#define TAIL_LINES 20

static bool
failed(const struct fold_job *j)
{
	return (j->status == STATUS_FAILURE && !j->allowed) || j->status == STATUS_ERROR;
}

/* "── unit: exit 2 ──" and the last lines of its log, when it has any; or alone,
 * where the edge of the terminal may have cut what was wrong. */
static void
tail_add(struct bytes *b, const struct picture *p, const struct fold_job *j, int logs)
{
	AUTO_BYTES text = { 0 };
	const char *rule = p->utf8 ? "──" : "--";
	int n = tails_lines(&text, logs, j->id, j->attempt, TAIL_LINES, p->color);

	if (n == 0 && (j->error == NULL || p->columns == 0))
		return;
	bytes_char(b, '\n');
	picture_paint(b, p, picture_color(j->status));
	bytes_format(b, "%s %s: ", rule, j->id);
	picture_reason(b, j);
	if (n == TAIL_LINES)
		bytes_format(b, ", its last %d lines", n);
	bytes_format(b, " %s", rule);
	picture_paint(b, p, "");
	bytes_char(b, '\n');
	bytes_add(b, text.data, text.len);
}

static size_t
tails_add(struct bytes *b, const struct picture *p, const struct fold *f, int logs)
{
	size_t n = 0, from = b->len;

	for (size_t i = 0; i < f->njobs; i++) {
		if (failed(&f->jobs[i]) && n++ < TAILS)
			tail_add(b, p, &f->jobs[i], logs);
	}
	if (b->len > from)
		bytes_char(b, '\n');
	return n;
}

/* The shortest name of the build that works here. */
static char *
short_name(const struct fold *f)
{
	AUTO_FREE char *project = place_project();
	struct state_build latest;
	struct stat a, b;
	char *name = NULL;

	if (f->folder != NULL && state_build_find(&latest, "@", project, NULL) == 0) {
		if (stat(latest.path, &a) == 0 && stat(f->folder, &b) == 0 && a.st_dev == b.st_dev &&
		    a.st_ino == b.st_ino)
			name = xstrdup("@");
		state_build_free(&latest);
	}
	return name != NULL ? name : xstrdup(f->build);
}

static void
command_add(struct bytes *b, const struct fold *f, size_t nfailed)
{
	AUTO_FREE char *name = short_name(f);

	for (size_t i = 0; nfailed == 1 && i < f->njobs; i++) {
		if (failed(&f->jobs[i]))
			bytes_format(b, "mci log %s/%s\n", name, f->jobs[i].id);
	}
	if (nfailed > 1)
		bytes_format(b, "mci show %s; mci log %s/JOB\n", name, name);
	else if (nfailed == 0 && f->status == STATUS_ERROR)
		bytes_format(b, "mci show %s\n", name);
}

void
ending_add(struct bytes *b, const struct picture *p, const struct fold *f, int logs)
{
	size_t nfailed = tails_add(b, p, f, logs);

	/* one job's line says all there is to say */
	if (f->njobs == 1 && f->status == STATUS_SUCCESS && f->counts[STATUS_SUCCESS] == 1)
		return;
	picture_summary(b, p, f);
	if (logs >= 0 && f->build != NULL)
		command_add(b, f, nfailed);
}
