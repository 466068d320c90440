#include "startup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "number.h"
#include "recover.h"
#include "record.h"

#define CLEAN "clean"
#define LOCK "lock"

int
startup_lock(struct journal *j, struct error *e)
{
	if (folder_make_kept(j->path, e) < 0)
		return -1;
	j->dir = kernel.open(AT_FDCWD, j->path, O_RDONLY | O_DIRECTORY, 0);
	if (j->dir < 0)
		return error_sys(e, "open");
	j->lock = kernel.open(j->dir, LOCK, O_RDWR | O_CREAT, 0600);
	if (j->lock < 0)
		return error_sys(e, "open %s", LOCK);
	if (flock(j->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(e, ERROR_BUSY, "another hub has this folder");
	return error_sys(e, "lock %s", LOCK);
}

/* The first offset in a segment's name; 0 for other names. */
static uint64_t
first_of(const char *name)
{
	int64_t first;

	if (strlen(name) != 27 || strcmp(name + 20, ".ndjson") != 0)
		return 0;
	/* digits only: number_parse takes a sign */
	if (strspn(name, "0123456789") != 20 || number_parse(name, 20, 1, INT64_MAX, &first, NULL) < 0)
		return 0;
	return (uint64_t)first;
}

static int
ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

int
startup_each(int dir, int (*each)(void *arg, uint64_t first, struct error *e), void *arg,
    struct error *e)
{
	AUTO_FREE uint64_t *list = NULL;
	size_t n = 0;
	int again = kernel.open(dir, ".", O_RDONLY | O_DIRECTORY, 0), result = 0;
	DIR *d = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (d == NULL) {
		if (again >= 0)
			close(again);
		return error_sys(e, "read the folder");
	}
	while ((entry = readdir(d)) != NULL) {
		uint64_t first = first_of(entry->d_name);

		if (first == 0)
			continue;
		list = xrealloc(list, n + 1, sizeof(*list));
		list[n++] = first;
	}
	closedir(d);
	if (n > 0)
		qsort(list, n, sizeof(*list), ascending);
	for (size_t i = 0; i < n && result == 0; i++)
		result = each(arg, list[i], e);
	return result;
}

/* A sealed segment that is marked as wholly on the disk is taken as it is. True when it was. */
static bool
take_sealed(struct segment *s, uint64_t next)
{
	bool marked;

	if (!segment_glance(s, &marked) || !marked || s->last != next - 1)
		return false;
	s->synced = s->marked = s->size;
	return true;
}

static int
refuse_damaged(const struct segment *s, const struct recovery *r, struct error *e)
{
	AUTO_BYTES name = { 0 };

	segment_name(&name, s->first, "ndjson");
	return error_set(e, ERROR_INPUT, "%s: %" PRId64 " bytes were on the disk, and only %" PRId64
	    " are left that are good (%s): not cut; see mci-events verify", bytes_string(&name),
	    r->synced, r->end, r->bad_at >= 0 ? r->why.text : "the file is shorter");
}

/* Holds a segment against its sidecar, cuts what is torn, and brings the rest to the disk. */
static int
take_checked(struct journal *j, struct segment *s, struct error *e)
{
	struct recovery r;

	if (recover_check(s, &r, e) < 0)
		return -1;
	if (r.end < r.synced)
		return refuse_damaged(s, &r, e);
	if (recover_cut(s, &r, e) < 0)
		return -1;
	if (r.end < r.file_size)
		j->cut += r.file_size - r.end;
	if (kernel.sync(s->data) < 0)
		return error_sys(e, "sync a segment");
	s->synced = s->size;
	segment_mark(s);
	return 0;
}

static void
link_segment(struct journal *j, struct segment *s)
{
	if (j->oldest == NULL)
		j->oldest = s;
	else
		j->active->next = s;
	j->active = s;
	j->bytes += s->size;
	j->segments++;
}

/*
 * A segment that does not follow the one before it. Files are brought to the disk in order, so one
 * that has a mark came after a whole one, which somebody has taken away since: that is no crash.
 * One without was never on the disk, and goes as the torn end of the one before does.
 */
static int
remove_behind(struct journal *j, uint64_t first, struct error *e)
{
	struct segment *s = segment_open(j->dir, first, e);
	struct recovery r;
	int result = s == NULL ? -1 : recover_check(s, &r, e);

	if (result == 0 && r.synced > 0)
		result = error_set(e, ERROR_INPUT, "the events between %" PRIu64 " and %" PRIu64
		    " are missing: a segment is not there any more", j->active->last, first);
	if (result == 0) {
		j->cut += r.file_size;
		segment_unlink(s);
	}
	if (s != NULL)
		segment_free(s);
	return result;
}

/* What startup_each has told so far: each segment is taken when the one behind it is known. */
struct reading {
	struct journal *j;
	uint64_t first; /* the segment that waits; 0: none */
};

static int
take(struct journal *j, uint64_t first, uint64_t next, struct error *e)
{
	struct segment *s;

	if (j->active != NULL && first != j->active->last + 1)
		return remove_behind(j, first, e);
	s = segment_open(j->dir, first, e);
	if (s == NULL)
		return -1;
	if ((next == 0 || !take_sealed(s, next)) && take_checked(j, s, e) < 0) {
		segment_free(s);
		return -1;
	}
	link_segment(j, s);
	return 0;
}

static int
told(void *arg, uint64_t first, struct error *e)
{
	struct reading *r = arg;
	int result = r->first == 0 ? 0 : take(r->j, r->first, first, e);

	r->first = first;
	return result;
}

/* The segments' builds: from the summaries, and by reading where there is none. */
static int
read_builds(struct journal *j, struct segment *s, struct error *e)
{
	struct line_reader r = { .limit = SEGMENT_LINE };
	struct span line;
	AUTO_CLOSE int fd = -1;
	AUTO_BYTES name = { 0 };
	uint64_t offset = s->first;

	if (s != j->active && builds_load(&j->builds, j->dir, s->first))
		return 0;
	segment_name(&name, s->first, "ndjson");
	fd = kernel.open(j->dir, bytes_string(&name), O_RDONLY, 0);
	if (fd < 0)
		return error_sys(e, "open %s", name.data);
	while (line_read(&r, fd) > 0) {
		while (line_next(&r, &line) == LINE_OK) {
			struct message m;

			if (message_read(&m, line.p, line.n, NULL) == 0)
				builds_note_line(&j->builds, &m, offset);
			offset++;
		}
	}
	line_free(&r);
	return 0;
}

static int
settle(struct journal *j, bool clean, struct error *e)
{
	for (struct segment *s = j->oldest; s != NULL; s = s->next) {
		if (read_builds(j, s, e) < 0)
			return -1;
		/* the journal itself uses the active one; others are opened when they are read */
		s->users = 1;
		if (s != j->active)
			segment_leave(s, true);
	}
	j->synced = j->active->last;
	if ((!clean || j->epochs.n == 0) &&
	    epochs_begin(&j->epochs, j->dir, j->active->last + 1, j->cut, e) < 0)
		return -1;
	/* new names are on the disk before anything is accepted, and the sign of a clean end is not
	 * */
	if (names_remove(j->dir, CLEAN, e) < 0 || names_sync(j->dir, e) < 0)
		return -1;
	if (clean)
		j->cut = -1;
	return 0;
}

int
startup_read(struct journal *j, struct error *e)
{
	struct reading r = { .j = j };
	bool clean = faccessat(j->dir, CLEAN, F_OK, 0) == 0;

	if (epochs_read(&j->epochs, j->dir, e) < 0 || startup_each(j->dir, told, &r, e) < 0)
		return -1;
	if (r.first != 0 && take(j, r.first, 0, e) < 0)
		return -1;
	if (j->active == NULL) {
		struct segment *s = segment_create(j->dir, 1, e);

		if (s == NULL)
			return -1;
		link_segment(j, s);
	}
	return settle(j, clean, e);
}

void
startup_say_clean(struct journal *j)
{
	record_write(j->dir, CLEAN, (struct span){ "", 0 }, NULL);
}
