#include "times.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "kernel.h"
#include "memory.h"

#define RECORD ((off_t)sizeof(struct logfile_record))
/* Records that are passed one by one before a search is cheaper. */
#define STEPS 16

/* Reads records into held from place on, which the file's header moves one behind; how many, -1. */
static ssize_t
load(struct times *t, uint64_t place)
{
	const size_t room = TIMES_HELD * sizeof(*t->held);
	ssize_t got;

	if (t->held == NULL)
		t->held = xmalloc(room);
	do
		got = kernel.pread(t->fd, t->held, room, ((off_t)place + 1) * RECORD);
	while (got < 0 && errno == EINTR);
	t->first = place;
	t->nheld = got < 0 ? 0 : (uint64_t)(got / RECORD);
	for (uint64_t i = 0; i < t->nheld; i++) {
		struct logfile_record *r = &t->held[i];

		*r = (struct logfile_record){ le64toh(r->offset), (int64_t)le64toh((uint64_t)r->time),
			le32toh(r->stream), le32toh(r->flags) };
	}
	return got < 0 ? -1 : (ssize_t)t->nheld;
}

static const struct logfile_record *
record(struct times *t, uint64_t place)
{
	if (place >= t->first && place < t->first + t->nheld)
		return &t->held[place - t->first];
	return load(t, place) > 0 ? &t->held[0] : NULL;
}

static int
damaged(struct times *t, const char *name, off_t at, struct error *e)
{
	t->damaged = true;
	return error_set(e, ERROR_INPUT, "%s: damaged at byte %lld", name, (long long)at);
}

/* Opens the index and looks at its header; 0 also when there is none yet. */
static int
begin(struct times *t, const struct shelf *f, const char *name, struct error *e)
{
	struct logfile_record head;
	bool archived;
	ssize_t got;

	t->fd = shelf_open(f, name, &archived);
	if (t->fd < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open %s", name);
	got = kernel.pread(t->fd, &head, sizeof(head), 0);
	if (got == RECORD && le64toh(head.offset) == LOGFILE_MAGIC)
		return 0;
	if (got == RECORD)
		return damaged(t, name, 0, e);
	/* its writer has not come so far */
	memory_close(&t->fd);
	t->fd = -1;
	return 0;
}

/* Takes the record at t->count in; false when it cannot stand there. */
static bool
take(struct times *t, const struct logfile_record *r, uint64_t *last)
{
	if (t->ended || r->offset > INT64_MAX || r->offset < *last)
		return false;
	*last = r->offset;
	if (r->stream == LOGFILE_END) {
		t->ended = true;
		t->truncated = (r->flags & LOGFILE_TRUNCATED) != 0;
		t->length = (int64_t)r->offset;
	} else {
		t->count++;
	}
	return true;
}

int
times_refresh(struct times *t, const struct shelf *f, const char *name, struct error *e)
{
	const struct logfile_record *r;
	uint64_t last = 0;

	if (t->damaged || t->ended)
		return 0;
	if (t->fd < 0 && begin(t, f, name, e) < 0)
		return -1;
	if (t->fd < 0)
		return 0;
	if (t->count > 0 && (r = record(t, t->count - 1)) != NULL)
		last = r->offset;
	for (;;) {
		ssize_t n = load(t, t->count);

		if (n < 0)
			return error_sys(e, "read %s", name);
		for (ssize_t i = 0; i < n; i++) {
			if (!take(t, &t->held[i], &last))
				return damaged(t, name, ((off_t)t->first + i + 1) * RECORD, e);
		}
		if (n < TIMES_HELD || t->ended)
			return 0;
	}
}

/* The last record at or before offset, or 0. */
static uint64_t
search(struct times *t, uint64_t offset)
{
	uint64_t low = 0, high = t->count;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		const struct logfile_record *r = record(t, middle);

		if (r != NULL && r->offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const struct logfile_record *
times_at(struct times *t, int64_t offset)
{
	const struct logfile_record *r = t->count == 0 ? NULL : record(t, t->at);

	/* mostly it is the one of the last call, or soon behind it */
	for (int steps = 0; r != NULL && r->offset <= (uint64_t)offset && steps < STEPS; steps++) {
		r = t->at + 1 < t->count ? record(t, t->at + 1) : NULL;
		if (r == NULL || r->offset > (uint64_t)offset)
			return record(t, t->at);
		t->at++;
	}
	if (t->count == 0)
		return NULL;
	t->at = search(t, (uint64_t)offset);
	return record(t, t->at);
}

int64_t
times_since(struct times *t, int64_t since)
{
	for (uint64_t i = 0; i < t->count; i++) {
		const struct logfile_record *r = record(t, i);

		if (r != NULL && r->time >= since)
			return (int64_t)r->offset;
	}
	return -1;
}

void
times_close(struct times *t)
{
	memory_close(&t->fd);
	free(t->held);
	*t = (struct times){ .fd = -1 };
}
