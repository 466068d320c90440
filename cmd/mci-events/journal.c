#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "recover.h"

uint64_t
journal_first(const struct journal *j)
{
	return j->oldest->first;
}

uint64_t
journal_tail(const struct journal *j)
{
	return j->active->last;
}

/* The epoch for which there was no room at the start. */
static int
write_epoch(struct journal *j, struct error *e)
{
	if (epochs_write(&j->epochs, j->dir, e) < 0)
		return -1;
	j->epoch_due = false;
	return 0;
}

/* Everything to the disk, and a file that says so; the loop and its helper thread have ended. */
static void
close_clean(struct journal *j)
{
	for (struct segment *s = j->oldest; s != NULL; s = s->next) {
		if (s->synced == s->size)
			continue;
		if (kernel.sync(s->data) < 0)
			return;
		s->synced = s->size;
		segment_mark(s);
		/* behind an orderly end nothing is put down to a crash */
		if (s->sums >= 0 && kernel.sync(s->sums) < 0)
			return;
	}
	if (names_sync(j->dir, NULL) == 0)
		names_write(j->dir, INSPECT_CLEAN, "", 0, NULL);
}

void
journal_close(struct journal *j, bool clean)
{
	struct segment *next;

	if (clean && (!j->epoch_due || write_epoch(j, NULL) == 0))
		close_clean(j);
	for (struct segment *s = j->oldest; s != NULL; s = next) {
		next = s->next;
		segment_free(s);
	}
	builds_free(&j->builds);
	epochs_free(&j->epochs);
	if (j->dir >= 0)
		close(j->dir);
	free(j->path);
	*j = (struct journal){ .dir = -1 };
}

/* A segment that cannot be begun (no descriptors, no room) leaves the log in the old one. */
static void
roll(struct journal *j)
{
	struct segment *old = j->active, *fresh = segment_create(j->dir, old->last + 1, NULL);

	if (fresh == NULL)
		return;
	fresh->users = 1;
	/* without it the next start reads the segment */
	builds_save(&j->builds, j->dir, old->first, NULL);
	old->next = fresh;
	j->active = fresh;
	j->segments++;
	j->names_dirty = true;
	/* the journal's own use of the old one ends when it is on the disk */
	if (old->synced == old->size)
		segment_leave(old, true);
}

static bool
full(const struct journal *j, int64_t now)
{
	const struct segment *s = j->active;

	if (s->last < s->first)
		return false;
	return s->size >= j->segment_size || (j->keep_age > 0 && now - s->began > j->keep_age);
}

int
journal_append(struct journal *j, const char *p, size_t n, uint32_t count, int64_t received,
    struct error *e)
{
	if (j->epoch_due && write_epoch(j, e) < 0)
		return error_before(e, "%s/", j->path);
	if (full(j, received))
		roll(j);
	if (segment_append(j->active, p, n, count, received, e) < 0)
		return error_before(e, "%s/", j->path);
	j->bytes += (int64_t)n;
	return 0;
}

bool
journal_sync_start(struct journal *j, struct names_batch *b)
{
	*b = (struct names_batch){ .folders = { j->dir }, .nfolders = j->names_dirty };
	j->syncing = j->synced;
	for (struct segment *s = j->oldest; s != NULL && b->nfiles < NAMES_BATCH; s = s->next) {
		if (s->synced == s->size)
			continue;
		b->files[b->nfiles++] = s->data;
		s->syncing = s->size;
		j->syncing = s->last;
	}
	if (b->nfiles == 0)
		return false;
	j->names_syncing = j->names_dirty;
	j->names_dirty = false;
	return true;
}

void
journal_sync_done(struct journal *j)
{
	for (struct segment *s = j->oldest; s != NULL; s = s->next) {
		if (s->syncing == 0)
			continue;
		s->synced = s->syncing;
		s->syncing = 0;
		segment_mark(s);
		if (s != j->active && s->synced == s->size)
			segment_leave(s, true);
	}
	j->synced = j->syncing;
	j->names_syncing = false;
}

static bool
expired(const struct journal *j, const struct segment *s, int64_t keep_size)
{
	if (keep_size > 0 && j->bytes > keep_size)
		return true;
	return j->keep_age > 0 && kernel.wall() - s->newest > j->keep_age;
}

/* Files that nothing is kept for. */
struct given_up {
	struct offload_job job;
	int dir;
	struct bytes names;
};

static void
remove_files(void *arg)
{
	struct given_up *g = arg;

	names_remove_each(g->dir, g->names.data, g->names.len);
	bytes_free(&g->names);
	free(g);
}

/* Removing large files takes its time. */
static void
files_give_up(struct journal *j, struct bytes *names)
{
	struct given_up *g = xmalloc(sizeof(*g));

	*g = (struct given_up){ .job = { .work = remove_files, .arg = g }, .names = *names,
		.dir = j->dir };
	*names = (struct bytes){ 0 };
	if (j->offload != NULL)
		offload_give(j->offload, &g->job);
	else
		remove_files(g);
}

size_t
journal_retain(struct journal *j, int64_t keep_size)
{
	AUTO_BYTES names = { 0 };
	size_t gone = 0;

	while (j->oldest != j->active && j->oldest->synced == j->oldest->size &&
	    expired(j, j->oldest, keep_size)) {
		struct segment *s = j->oldest;

		j->oldest = s->next;
		j->bytes -= s->size;
		j->segments--;
		segment_give_up(s, &names);
		if (s->users == 0)
			segment_free(s);
		gone++;
	}
	if (gone == 0)
		return 0;
	files_give_up(j, &names);
	builds_forget(&j->builds, journal_first(j));
	return gone;
}

int64_t
journal_expires(const struct journal *j)
{
	if (j->keep_age == 0 || j->oldest == j->active)
		return -1;
	return j->oldest->newest + j->keep_age;
}

static int
enter(struct position *p, struct segment *s, struct error *e)
{
	if (segment_use(s, e) < 0)
		return -1;
	*p = (struct position){ .segment = s };
	return 0;
}

int
journal_seek(struct journal *j, uint64_t offset, struct position *p, struct error *e)
{
	struct segment *s = j->oldest;

	while (s != j->active && offset > s->last)
		s = s->next;
	if (enter(p, s, e) < 0)
		return -1;
	if (s->damaged && offset >= s->proof->bad_offset)
		p->at = recover_refuse(s, e);
	else
		p->at = segment_find(s, offset, e);
	if (p->at >= 0)
		return 0;
	journal_leave(j, p);
	return -1;
}

int
journal_seek_time(struct journal *j, int64_t received, struct position *p, struct error *e)
{
	struct segment *s = j->oldest;

	while (s != j->active && s->newest < received)
		s = s->next;
	if (enter(p, s, e) < 0)
		return -1;
	p->at = segment_find_time(s, received);
	return 0;
}

int
journal_step(struct journal *j, struct position *p, struct error *e)
{
	struct position next;

	if (enter(&next, p->segment->next, e) < 0)
		return -1;
	journal_leave(j, p);
	*p = next;
	return 0;
}

void
journal_leave(struct journal *j, struct position *p)
{
	if (p->segment != NULL)
		segment_leave(p->segment, p->segment != j->active);
	p->segment = NULL;
}
