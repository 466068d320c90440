#include "ending.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "left.h"
#include "memory.h"
#include "place.h"
#include "remote.h"
#include "state.h"
#include "tails.h"
#include "terminal.h"

#define TAILS 5
#define TAIL_LINES 20

/* What was canceled with its build is no news, and what was before it began has no log. */
static bool
failed(const struct fold *f, const struct fold_job *j)
{
	if (j->status == STATUS_CANCELED && (f->status == STATUS_CANCELED || j->started == 0))
		return false;
	return status_bad(j->status) && !j->allowed;
}

static bool
script_failed(const struct fold *f)
{
	return f->status == STATUS_ERROR && (f->script_exit > 0 || f->script_signal > 0);
}

/* "── unit: exit 2 ──" and the last lines of its log. */
static void
block_add(struct bytes *b, const struct picture *p, enum status status, const struct bytes *title,
    const struct bytes *text, int n)
{
	const char *rule = p->utf8 ? "──" : "--";

	bytes_char(b, '\n');
	picture_paint(b, p, picture_color(status));
	bytes_format(b, "%s ", rule);
	bytes_add(b, title->data, title->len);
	if (n == TAIL_LINES)
		bytes_format(b, ", its last %d lines", n);
	bytes_format(b, " %s", rule);
	picture_paint(b, p, "");
	bytes_char(b, '\n');
	bytes_add(b, text->data, text->len);
}

/* The last lines of a job's log, with job NULL of the script's: their number. A server that could not say it
 * once is not asked for others. */
static int
lines_add(struct bytes *text, const struct picture *p, const struct fold *f, struct ending_logs *logs,
    const char *job, int attempt)
{
	AUTO_CLOSE int folder = -1;
	AUTO_BYTES end = { 0 };

	if (logs->remote) {
		if (remote_log_end(f->build, job, attempt, TAILS_BYTES, &end) < 0)
			logs->remote = false;
		return tails_cut(text, (struct span){ end.data, end.len }, TAIL_LINES, p->color);
	}
	if (job != NULL)
		return tails_lines(text, logs->folder, job, attempt, TAIL_LINES, p->color);
	/* what the script wrote to standard error lies in the build's own folder */
	if (f->folder == NULL)
		return 0;
	folder = kernel.open(AT_FDCWD, f->folder, O_RDONLY | O_DIRECTORY, 0);
	return tails_lines(text, folder, "script", (int)f->run, TAIL_LINES, p->color);
}

/* One without output stands there alone, where the edge of the terminal may have cut what was wrong. */
static void
tail_add(struct bytes *b, const struct picture *p, const struct fold *f, const struct fold_job *j,
    struct ending_logs *logs)
{
	AUTO_BYTES title = { 0 };
	AUTO_BYTES text = { 0 };
	int n = lines_add(&text, p, f, logs, j->id, j->attempt);

	if (n == 0 && (j->error == NULL || p->columns == 0))
		return;
	bytes_format(&title, "%s: ", j->id);
	picture_reason(&title, j);
	block_add(b, p, j->status, &title, &text, n);
}

static void
script_tail_add(struct bytes *b, const struct picture *p, const struct fold *f, struct ending_logs *logs)
{
	AUTO_BYTES title = { 0 };
	AUTO_BYTES text = { 0 };
	int n = lines_add(&text, p, f, logs, NULL, 1);

	if (n == 0)
		return;
	terminal_safe(&title, f->script, strlen(f->script), false);
	if (f->script_exit > 0)
		bytes_format(&title, ": exit %d", f->script_exit);
	block_add(b, p, STATUS_ERROR, &title, &text, n);
}

static size_t
tails_add(struct bytes *b, const struct picture *p, const struct fold *f, struct ending_logs *logs)
{
	size_t n = 0, from = b->len;

	if (script_failed(f) && f->script != NULL)
		script_tail_add(b, p, f, logs);
	for (size_t i = 0; i < f->njobs; i++) {
		if (failed(f, &f->jobs[i]) && n++ < TAILS)
			tail_add(b, p, f, &f->jobs[i], logs);
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

/* What is typed to have the jobs again, of so many. */
static void
again_add(struct bytes *b, const struct fold *f)
{
	for (size_t i = 0, n = 0; n < TAILS && i < f->njobs; i++) {
		const char *command = f->jobs[i].reproduce;

		if (!failed(f, &f->jobs[i]) || command == NULL)
			continue;
		terminal_safe(b, command, strlen(command), false);
		bytes_char(b, '\n');
		n++;
	}
}

static void
command_add(struct bytes *b, const struct fold *f, bool here, size_t nfailed)
{
	AUTO_FREE char *name = short_name(f);

	for (size_t i = 0; nfailed == 1 && i < f->njobs; i++) {
		if (failed(f, &f->jobs[i]))
			bytes_format(b, here ? "mci log %s/%s; mci shell %s/%s\n" : "mci log %s/%s\n", name,
			    f->jobs[i].id, name, f->jobs[i].id);
	}
	if (nfailed > 1)
		bytes_format(b, here ? "mci show %s; mci log %s/JOB; mci shell %s/JOB\n" :
		    "mci show %s; mci log %s/JOB\n", name, name, name);
	else if (script_failed(f))
		bytes_format(b, "mci log %s\n", name);
	else if (nfailed == 0 && f->status == STATUS_ERROR)
		bytes_format(b, "mci show %s\n", name);
	again_add(b, f);
}

void
ending_add(struct bytes *b, const struct picture *p, const struct fold *f, const struct ending_logs *logs)
{
	struct ending_logs asked = *logs;
	size_t nfailed = tails_add(b, p, f, &asked);

	left_add(b, f);
	/* one job's line says all there is to say */
	if (f->njobs == 1 && f->status == STATUS_SUCCESS && f->counts[STATUS_SUCCESS] == 1)
		return;
	picture_summary(b, p, f);
	if ((logs->folder >= 0 || logs->remote) && f->build != NULL)
		command_add(b, f, logs->folder >= 0, nfailed);
}
