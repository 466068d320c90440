#include "logindex.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "kernel.h"
#include "memory.h"

#define RECORD ((off_t)sizeof(struct logfile_record))
/* Records that are passed one by one before a search is cheaper. */
#define STEPS 16

ssize_t
logindex_records(int fd, uint64_t place, struct logfile_record *into, size_t n)
{
	ssize_t got;

	do
		got = kernel.pread(fd, into, n * sizeof(*into), ((off_t)place + 1) * RECORD);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	got /= RECORD;
	for (ssize_t i = 0; i < got; i++) {
		into[i].offset = le64toh(into[i].offset);
		into[i].time = (int64_t)le64toh((uint64_t)into[i].time);
		into[i].stream = le32toh(into[i].stream);
		into[i].flags = le32toh(into[i].flags);
	}
	return got;
}

int
logindex_last(int fd, struct logfile_record *r, off_t *size)
{
	struct stat st;

	*r = (struct logfile_record){ 0 };
	if (fstat(fd, &st) < 0)
		return -1;
	*size = st.st_size;
	if (st.st_size < 2 * RECORD || st.st_size % RECORD != 0)
		return 0;
	return logindex_records(fd, (uint64_t)(st.st_size / RECORD) - 2, r, 1) < 0 ? -1 : 0;
}

/* Reads records into held from place on; how many, -1. */
static ssize_t
load(struct logindex *t, uint64_t place)
{
	ssize_t got;

	if (t->held == NULL)
		t->held = xmalloc(LOGINDEX_HELD * sizeof(*t->held));
	got = logindex_records(t->fd, place, t->held, LOGINDEX_HELD);
	t->first = place;
	t->nheld = got < 0 ? 0 : (uint64_t)got;
	return got;
}

static const struct logfile_record *
record(struct logindex *t, uint64_t place)
{
	if (place >= t->first && place < t->first + t->nheld)
		return &t->held[place - t->first];
	return load(t, place) > 0 ? &t->held[0] : NULL;
}

static int
damaged(struct logindex *t, const char *name, off_t at, struct error *e)
{
	t->damaged = true;
	return error_set(e, ERROR_INPUT, "%s: damaged at byte %lld", name, (long long)at);
}

/* Looks at the header. */
static int
begin(struct logindex *t, const char *name, struct error *e)
{
	struct logfile_record head;
	ssize_t got = kernel.pread(t->fd, &head, sizeof(head), 0);

	t->begun = got == RECORD && le64toh(head.offset) == LOGFILE_MAGIC;
	if (t->begun)
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
take(struct logindex *t, const struct logfile_record *r, uint64_t *last)
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
logindex_refresh(struct logindex *t, const char *name, struct error *e)
{
	const struct logfile_record *r;
	uint64_t last = 0;

	if (t->damaged || t->ended)
		return 0;
	if (t->fd >= 0 && !t->begun && begin(t, name, e) < 0)
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
		if (n < LOGINDEX_HELD || t->ended)
			return 0;
	}
}

/* The last record at or before offset, or 0. */
static uint64_t
search(struct logindex *t, uint64_t offset)
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
logindex_at(struct logindex *t, int64_t offset)
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
logindex_since(struct logindex *t, int64_t since)
{
	for (uint64_t i = 0; i < t->count; i++) {
		const struct logfile_record *r = record(t, i);

		if (r != NULL && r->time >= since)
			return (int64_t)r->offset;
	}
	return -1;
}

void
logindex_close(struct logindex *t)
{
	memory_close(&t->fd);
	free(t->held);
	*t = (struct logindex){ .fd = -1 };
}
