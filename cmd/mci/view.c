#include "view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

/* Last lines are read at most this often. */
#define TAIL_PAUSE (250 * MILLISECOND)

static void
forget(struct view *v)
{
	for (size_t i = 0; i < v->nshown; i++)
		bytes_free(&v->shown[i].tail.line);
	free(v->shown);
	free(v->begun);
	fold_free(&v->fold);
	memory_close(&v->logs.folder);
}

void
view_restart(struct view *v)
{
	struct screen screen = v->screen;
	struct picture picture = v->picture;
	bool remote = v->logs.remote;

	forget(v);
	picture.id_width = 0;
	*v = (struct view){ .screen = screen, .picture = picture, .logs = { -1, remote } };
	fold_init(&v->fold);
	/* a terminal without a cursor to move gets each line when it is done */
	v->compact = !v->screen.moves;
}

void
view_open(struct view *v, int fd, bool remote)
{
	*v = (struct view){ .logs = { -1, remote } };
	screen_open(&v->screen, fd);
	picture_open(&v->picture, fd);
	view_restart(v);
}

void
view_free(struct view *v)
{
	forget(v);
	screen_free(&v->screen);
}

static void
shown_grow(struct view *v)
{
	if (v->fold.njobs <= v->nshown)
		return;
	v->shown = xrealloc(v->shown, v->fold.size, sizeof(*v->shown));
	memset(v->shown + v->nshown, 0, (v->fold.size - v->nshown) * sizeof(*v->shown));
	v->nshown = v->fold.size;
}

static void
begun_add(struct view *v, size_t place)
{
	if (v->nbegun == v->size) {
		v->size = v->size == 0 ? 64 : v->size * 2;
		v->begun = xrealloc(v->begun, v->size, sizeof(*v->begun));
	}
	v->begun[v->nbegun++] = place;
	v->shown[place].listed = true;
}

/* A job that is let go again takes its place when it starts. */
static void
begun_remove(struct view *v, size_t place)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->nbegun; i++) {
		if (v->begun[i] != place)
			v->begun[kept++] = v->begun[i];
	}
	v->nbegun = kept;
	v->shown[place].listed = false;
}

static bool
waiting(const struct fold_job *j)
{
	return j->status == STATUS_PENDING || j->status == STATUS_QUEUED;
}

void
view_event(struct view *v, const struct message *m)
{
	struct fold_job *j;
	size_t place;

	if (fold_event(&v->fold, m, NULL) < 0)
		return;
	if (span_is(m->type, "build/start")) {
		memory_close(&v->logs.folder);
		v->logs.folder = v->logs.remote ? -1 : tails_open(&v->fold);
	}
	j = m->job.n == 0 ? NULL : fold_find(&v->fold, m->job.p, m->job.n);
	if (j == NULL)
		return;
	shown_grow(v);
	picture_widen(&v->picture, j);
	place = (size_t)(j - v->fold.jobs);
	if (span_is(m->type, "job/initializing"))
		v->shown[place].tail.size = 0, v->shown[place].tail.line.len = 0;
	if (span_is(m->type, "job/unblocked"))
		begun_remove(v, place);
	/* one that became history after an attempt comes back with the next one */
	if (!waiting(j) && !v->shown[place].listed)
		begun_add(v, place);
}

static void
line_add(struct view *v, struct bytes *into, size_t place)
{
	const struct fold_job *j = &v->fold.jobs[place];
	const struct tail *t = &v->shown[place].tail;

	picture_job(into, &v->picture, j, (struct span){ t->line.data, t->line.len }, v->fold.build);
}

static bool
stays(const struct fold_job *j)
{
	return !status_ended(j->status) || j->status == STATUS_FAILURE || j->status == STATUS_ERROR;
}

/* Moves what is done into history; of what failed as much as keeps the rest within room lines. */
static void
history_add(struct view *v, struct bytes *above, size_t room)
{
	size_t staying = 0, kept = 0;

	for (size_t i = 0; i < v->nbegun; i++)
		staying += stays(&v->fold.jobs[v->begun[i]]) && !waiting(&v->fold.jobs[v->begun[i]]);
	for (size_t i = 0; i < v->nbegun; i++) {
		size_t place = v->begun[i];
		const struct fold_job *j = &v->fold.jobs[place];

		if (status_ended(j->status) && (!stays(j) || staying > room || !v->screen.moves)) {
			staying -= stays(j);
			line_add(v, above, place);
			v->shown[place].listed = false;
		} else {
			v->begun[kept++] = place;
		}
	}
	v->nbegun = kept;
}

/* The lines of the jobs that have begun, at most room; what does not fit is counted. */
static void
begun_show(struct view *v, struct bytes *live, size_t room, bool tail)
{
	size_t lines = 0, all = 0;

	for (size_t i = 0; i < v->nbegun; i++)
		all += !v->compact || !waiting(&v->fold.jobs[v->begun[i]]);
	for (size_t i = 0; i < v->nbegun; i++) {
		size_t place = v->begun[i];
		const struct fold_job *j = &v->fold.jobs[place];

		if (v->compact && waiting(j))
			continue;
		if (all > room && lines + 1 == room) {
			bytes_format(live, "  and %zu more\n", all - lines);
			return;
		}
		if (tail && j->status == STATUS_RUNNING)
			tails_last(&v->shown[place].tail, v->logs.folder, j->id, j->attempt);
		line_add(v, live, place);
		lines++;
	}
}

static void
waiting_show(struct view *v, struct bytes *live)
{
	for (size_t i = 0; i < v->fold.njobs; i++) {
		if (!v->shown[i].listed && waiting(&v->fold.jobs[i]))
			line_add(v, live, i);
	}
}

int
view_draw(struct view *v)
{
	AUTO_BYTES above = { 0 };
	AUTO_BYTES live = { 0 };
	size_t room = (size_t)v->screen.rows - 1;
	int64_t now = kernel.now();
	bool tail = now - v->tailed >= TAIL_PAUSE;

	if (!isatty(v->screen.fd) || (v->screen.moves && !screen_ours(&v->screen)))
		return 0;
	if (tail)
		v->tailed = now;
	v->picture.now = v->fold.ended != 0 ? v->fold.time : kernel.wall();
	v->picture.columns = v->screen.columns;
	v->compact = v->compact || v->fold.njobs > room;
	if (v->compact)
		history_add(v, &above, room);
	begun_show(v, &live, room, tail);
	if (!v->compact)
		waiting_show(v, &live);
	if (v->fold.seq > 0 || v->fold.njobs > 0)
		picture_status(&live, &v->picture, &v->fold);
	return screen_show(&v->screen, (struct span){ above.data, above.len },
	    (struct span){ live.data, live.len });
}

bool
view_moves(const struct view *v)
{
	return v->screen.moves && v->fold.started != 0;
}

int
view_end(struct view *v)
{
	AUTO_BYTES last = { 0 };

	/* a picture of the past shows the times of then */
	v->picture.now = v->fold.time;
	v->picture.columns = isatty(v->screen.fd) ? v->screen.columns : 0;
	for (size_t i = 0; i < v->nbegun; i++)
		line_add(v, &last, v->begun[i]);
	for (size_t i = 0; i < v->fold.njobs; i++) {
		if (!v->shown[i].listed && waiting(&v->fold.jobs[i]))
			line_add(v, &last, i);
	}
	ending_add(&last, &v->picture, &v->fold, &v->logs);
	return screen_show(&v->screen, (struct span){ last.data, last.len },
	    (struct span){ NULL, 0 });
}
