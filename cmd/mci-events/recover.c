#include "recover.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "kernel.h"
#include "message.h"
#include "sums.h"
#include "timestamp.h"

#define CHUNK 65536

/* The moment in a line's "received", 0 when it has none. */
static int64_t
line_received(struct span line)
{
	struct scan_value v;
	int64_t ns;

	if (message_member(line.p, line.n, "received", &v, NULL) != 1 || v.type != SCAN_STRING ||
	    timestamp_parse(v.raw.p + 1, v.raw.n - 2, &ns, NULL) < 0)
		return 0;
	return ns;
}

static void
bad(struct recovery *r, int64_t at, const struct error *why)
{
	if (r->bad_at >= 0)
		return;
	r->bad_at = at;
	r->bad_offset = r->last + 1;
	r->why = *why;
}

/* One line without its newline: an event with the offset that is due? */
static bool
line_good(const struct recovery *r, struct span line, struct error *why)
{
	struct message m;
	uint64_t offset = segment_line_offset(line.p, line.n);

	if (message_read(&m, line.p, line.n, why) < 0)
		return false;
	if (offset == r->last + 1)
		return true;
	error_set(why, ERROR_INPUT, "offset %" PRIu64 " was expected, found %" PRIu64, r->last + 1,
	    offset);
	return false;
}

static void
take_line(struct recovery *r, struct span line)
{
	int64_t received = line_received(line);

	r->end += (int64_t)line.n + 1;
	r->last++;
	if (r->began == 0)
		r->began = received;
	r->newest = received;
}

/* Lines from r->end up to byte until, as long as they are good; false when one is not. */
static bool
check_lines(const struct segment *s, struct recovery *r, int64_t until)
{
	struct line_reader reader = { .limit = SEGMENT_LINE };
	struct error why = { 0 };
	struct span line;
	char chunk[CHUNK];
	int64_t at = r->end;
	bool good = true;

	while (good && r->end < until) {
		enum line_result got = line_next(&reader, &line);
		ssize_t n;

		if (got == LINE_OK) {
			good = line_good(r, line, &why);
			if (good)
				take_line(r, line);
			continue;
		}
		n = got == LINE_LONG ? 0 : kernel.pread(s->data, chunk, CHUNK, at);
		if (n <= 0) {
			error_set(&why, ERROR_INPUT, got == LINE_LONG ? "a line that is too long" :
			    "a line without its end");
			good = false;
		} else {
			line_add(&reader, chunk, (size_t)n);
			at += n;
		}
	}
	if (!good)
		bad(r, r->end, &why);
	line_free(&reader);
	return good;
}

/* Whether the bytes of a batch are those that were written. -1 and errno. */
static int
batch_good(const struct segment *s, const struct sums_record *b)
{
	char chunk[CHUNK];
	uint32_t sum = 0, left = b->length;
	int64_t at = (int64_t)b->at;

	while (left > 0) {
		ssize_t got = kernel.pread(s->data, chunk, left < CHUNK ? left : CHUNK, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : 0;
		sum = checksum_add(sum, chunk, (size_t)got);
		at += got;
		left -= (uint32_t)got;
	}
	return sum == b->sum;
}

static void
take_batch(struct recovery *r, const struct sums_record *b)
{
	r->end = (int64_t)(b->at + b->length);
	r->last = b->first + b->count - 1;
	if (r->began == 0)
		r->began = b->received;
	r->newest = b->received;
}

/* One batch's record; false when nothing behind it can be trusted. -1 and errno. */
static int
check_batch(const struct segment *s, struct recovery *r, const struct sums_record *b)
{
	int64_t end = (int64_t)(b->at + b->length);
	struct error why;
	int good;

	if (end > r->file_size || (int64_t)b->at < r->end || b->count == 0)
		return 0;
	/* records that are missing: their lines speak for themselves */
	if (!check_lines(s, r, (int64_t)b->at) || r->end != (int64_t)b->at || b->first != r->last + 1)
		return 0;
	good = batch_good(s, b);
	if (good < 0)
		return -1;
	if (good) {
		take_batch(r, b);
		return 1;
	}
	error_set(&why, ERROR_INPUT, "the checksum of %" PRIu32 " bytes differs", b->length);
	if (end > r->synced)
		return 0;
	bad(r, r->end, &why);
	r->damaged = true;
	take_batch(r, b);
	return 1;
}

/* How far marks say that the segment is on the disk. */
static int64_t
synced_to(const struct segment *s)
{
	int64_t synced = 0;
	struct sums_record r[64];
	ssize_t got;

	for (int64_t i = 0; (got = sums_read(s->sums, i, r, 64)) > 0; i += got) {
		for (ssize_t k = 0; k < got; k++) {
			if (r[k].kind == SUMS_SYNCED && (int64_t)r[k].at > synced)
				synced = (int64_t)r[k].at;
		}
	}
	return synced;
}

static int
cannot(const struct segment *s, struct error *e)
{
	AUTO_BYTES name = { 0 };

	segment_name(&name, s->first, "ndjson");
	return error_sys(e, "read %s", bytes_string(&name));
}

int
recover_check(const struct segment *s, struct recovery *r, struct error *e)
{
	struct sums_record record;
	struct stat st;
	int good = 1;

	*r = (struct recovery){ .last = s->first - 1, .bad_at = -1 };
	if (fstat(s->data, &st) < 0)
		return cannot(s, e);
	r->file_size = st.st_size;
	r->synced = synced_to(s);
	for (int64_t i = 0; sums_read(s->sums, i, &record, 1) == 1; i++) {
		if (record.kind == SUMS_BATCH && (good = check_batch(s, r, &record)) != 1)
			break;
		if (record.kind == SUMS_SYNCED && (int64_t)record.at <= r->end)
			r->marked = (int64_t)record.at;
		else if (record.kind != SUMS_BATCH)
			continue;
		r->sums_size = (i + 1) * (int64_t)SUMS_SIZE;
	}
	if (good < 0)
		return cannot(s, e);
	(void)check_lines(s, r, r->file_size);
	return 0;
}

int
recover_cut(struct segment *s, const struct recovery *r, struct error *e)
{
	AUTO_BYTES name = { 0 };

	segment_name(&name, s->first, "ndjson");
	if (r->end < r->file_size && ftruncate(s->data, r->end) < 0)
		return error_sys(e, "truncate %s", bytes_string(&name));
	if (ftruncate(s->sums, r->sums_size) < 0)
		return error_sys(e, "truncate the sidecar of %s", bytes_string(&name));
	s->size = r->end;
	s->last = r->last;
	s->began = r->began;
	s->newest = r->newest;
	s->sums_size = r->sums_size;
	s->marked = r->marked;
	return 0;
}
