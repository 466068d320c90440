#include "startup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "recover.h"

static int
refuse_damaged(const struct segment *s, const struct recovery *r, struct error *e)
{
	AUTO_BYTES text = { 0 };

	recover_say(&text, s, r);
	return error_set(e, ERROR_INPUT, "%s: nothing is cut off; mci-events repair keeps what can be proven",
	    bytes_string(&text));
}

/* Holds a segment against its sidecar, cuts what is torn, and brings the rest to the disk. 1, 0 when
 * nothing is left of it, or -1. */
static int
take_judged(struct journal *j, struct inspection *i, struct segment *s, struct error *e)
{
	struct recovery r;
	int verdict = inspect_segment(i, s, &r, e);

	if (verdict < 0)
		return -1;
	if (verdict == VERDICT_DAMAGED)
		return refuse_damaged(s, &r, e);
	if (verdict == VERDICT_BEHIND) {
		j->cut += r.file_size;
		return 0;
	}
	if (recover_cut(s, &r, e) < 0)
		return -1;
	j->cut += r.file_size - r.end;
	if (kernel.sync(s->data) < 0)
		return error_sys(e, "sync a segment");
	s->synced = s->size;
	segment_mark(s);
	/* one that was only just begun, or has lost all: the one before it goes on */
	return s->size > 0 || j->active == NULL;
}

/* A sealed segment that is said to be on the disk as a whole is taken on trust: what is in it is
 * judged when somebody reads it. */
static int
take(struct journal *j, struct inspection *i, struct segment *s, uint64_t next, struct error *e)
{
	if (next == 0 || !inspect_glance(i, s, next))
		return take_judged(j, i, s, e);
	recover_trust(s);
	return 1;
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

/* What inspect_each has told so far: each segment is taken when the one behind it is known. */
struct reading {
	struct journal *j;
	struct inspection inspection;
	uint64_t first; /* the segment that waits; 0: none */
};

static int
take_next(struct reading *r, uint64_t next, struct error *e)
{
	struct segment *s = segment_open(r->j->dir, r->first, e);
	int took = s == NULL ? -1 : take(r->j, &r->inspection, s, next, e);

	if (took > 0) {
		link_segment(r->j, s);
		return 0;
	}
	if (took == 0)
		segment_unlink(s);
	if (s != NULL)
		segment_free(s);
	return took;
}

static int
told(void *arg, uint64_t first, struct error *e)
{
	struct reading *r = arg;
	int result = r->first == 0 ? 0 : take_next(r, first, e);

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
	fd = kernel_open_file(j->dir, bytes_string(&name));
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

/* Whether a file belongs to a segment that is not there: one that retention, or a crash, has taken
 * half away; or to a record that was not written to its end. */
static bool
is_left_over(const struct journal *j, const char *name)
{
	size_t n = strlen(name);
	char *end;
	unsigned long long first;

	if (strcmp(name, "epochs.new") == 0 || strcmp(name, INSPECT_CLEAN ".new") == 0)
		return true;
	if (n <= 20 || strspn(name, "0123456789") != 20 ||
	    (strcmp(name + 20, ".sum") != 0 && strcmp(name + 20, ".builds") != 0))
		return false;
	errno = 0;
	first = strtoull(name, &end, 10);
	return errno == 0 && (first < j->oldest->first || first > j->active->first);
}

static void
sweep(struct journal *j)
{
	int again = kernel.open(j->dir, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (is_left_over(j, entry->d_name))
			(void)names_remove(j->dir, entry->d_name, NULL);
	}
	if (d != NULL)
		closedir(d);
}

/* The epoch behind a crash. On a full disk the hub serves what is there, and the epoch is written
 * before the first event of it is. */
static int
begin_epoch(struct journal *j, struct error *e)
{
	epochs_begin(&j->epochs, j->active->last + 1, j->cut);
	if (epochs_write(&j->epochs, j->dir, e) == 0)
		return 0;
	j->epoch_due = e->sys == ENOSPC || e->sys == EDQUOT || e->sys == EFBIG;
	return j->epoch_due ? 0 : -1;
}

static int
settle(struct journal *j, bool clean, struct error *e)
{
	sweep(j);
	for (struct segment *s = j->oldest; s != NULL; s = s->next) {
		if (read_builds(j, s, e) < 0)
			return -1;
		/* the journal itself uses the active one; others are opened when they are read */
		s->users = 1;
		if (s != j->active)
			segment_leave(s, true);
	}
	j->synced = j->active->last;
	if ((!clean || j->epochs.n == 0) && begin_epoch(j, e) < 0)
		return -1;
	/* new names are on the disk before anything is accepted, and the sign of a clean end is not
	 * */
	if (names_remove(j->dir, INSPECT_CLEAN, e) < 0 || names_sync(j->dir, e) < 0)
		return -1;
	if (clean)
		j->cut = -1;
	return 0;
}

static int
read_all(struct journal *j, struct error *e)
{
	struct reading r = { .j = j, .inspection = { .dir = j->dir } };

	r.inspection.clean = faccessat(j->dir, INSPECT_CLEAN, F_OK, 0) == 0;
	if (epochs_read(&j->epochs, j->dir, e) < 0 || inspect_each(j->dir, told, &r, e) < 0)
		return -1;
	if (r.first != 0 && take_next(&r, 0, e) < 0)
		return -1;
	if (j->active == NULL) {
		struct segment *s = segment_create(j->dir, 1, e);

		if (s == NULL)
			return -1;
		link_segment(j, s);
	}
	return settle(j, r.inspection.clean, e);
}

int
startup_open(struct journal *j, const char *path, int64_t segment_size, struct error *e)
{
	*j = (struct journal){ .path = xstrdup(path), .dir = -1, .segment_size = segment_size };
	j->dir = kernel.open(AT_FDCWD, j->path, O_RDONLY | O_DIRECTORY, 0);
	if (j->dir < 0 ? error_sys(e, "open") < 0 : read_all(j, e) < 0) {
		error_before(e, "%s: ", path);
		journal_close(j, false);
		return -1;
	}
	return 0;
}
