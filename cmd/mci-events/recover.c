#include "recover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "sums.h"
#include "timestamp.h"

#define CHUNK 65536

int64_t
recover_received(struct span line)
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
	uint64_t offset = (uint64_t)message_offset(line.p, line.n);

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
	int64_t received = recover_received(line);

	r->end += (int64_t)line.n + 1;
	r->last++;
	if (r->began == 0)
		r->began = received;
	r->newest = received;
}

/* Lines from r->end up to byte until, as long as they are good: 1 when all are, else 0 with what is
 * wrong with the first that is not. -1 and errno. */
static int
check_lines(const struct segment *s, struct recovery *r, int64_t until, struct error *why)
{
	struct line_reader reader = { .limit = SEGMENT_LINE };
	struct span line;
	char chunk[CHUNK];
	int64_t at = r->end;
	int good = 1;

	while (good > 0 && r->end < until) {
		enum line_result got = line_next(&reader, &line);
		ssize_t n;

		if (got == LINE_OK) {
			good = line_good(r, line, why);
			if (good)
				take_line(r, line);
			continue;
		}
		n = got == LINE_LONG || at >= until ? 0 :
		    kernel.pread(s->data, chunk, until - at < CHUNK ? (size_t)(until - at) : CHUNK, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0) {
			line_add(&reader, chunk, (size_t)n);
			at += n;
			continue;
		}
		error_set(why, ERROR_INPUT, got == LINE_LONG ? "a line that is too long" :
		    "a line without its end");
		good = n < 0 ? -1 : 0;
	}
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

/* What has been judged since p was begun. */
static int
give(struct recovery *r, struct piece *p, enum piece_kind kind)
{
	p->kind = kind;
	p->end = r->end;
	p->last = r->last;
	p->received = r->newest;
	return 1;
}

/* Everything up to byte end and offset last is not what was written. */
static int
give_damaged(struct recovery *r, struct piece *p, int64_t end, uint64_t last, const struct error *why)
{
	bad(r, r->end, why);
	r->damaged = true;
	r->end = end;
	r->last = last;
	return give(r, p, PIECE_DAMAGED);
}

/* What is behind was on its way to the disk when the machine or the hub stopped. */
static int
stop_torn(struct recovery *r, const struct error *why)
{
	bad(r, r->end, why);
	r->torn = true;
	return 0;
}

static void
take_batch(struct recovery *r, const struct sums_record *b)
{
	r->end = (int64_t)(b->at + b->length);
	r->last = b->first + b->count - 1;
	if (r->began == 0)
		r->began = b->received;
	r->newest = b->received;
	r->sums_size = ++r->record * (int64_t)SUMS_SIZE;
}

/* A batch whose bytes differ. Behind the last mark a crash does that, but not without breaking a
 * line: the lines before are whole. */
static int
judge_changed(const struct segment *s, struct recovery *r, const struct sums_record *b, struct piece *p)
{
	int64_t end = (int64_t)(b->at + b->length);
	struct recovery before = *r;
	struct error why;

	if (end > r->synced) {
		int good = check_lines(s, r, end, &why);

		if (good < 0)
			return -1;
		if (good == 0)
			return r->end > before.end ? give(r, p, PIECE_LINES) : stop_torn(r, &why);
		*r = before;
	}
	error_set(&why, ERROR_INPUT, "the checksum of %" PRIu32 " bytes differs", b->length);
	r->record++;
	return give_damaged(r, p, end, b->first + b->count - 1, &why);
}

static int
judge_batch(const struct segment *s, struct recovery *r, const struct sums_record *b, struct piece *p)
{
	int good = batch_good(s, b);

	if (good < 0)
		return -1;
	if (good == 0)
		return judge_changed(s, r, b, p);
	take_batch(r, b);
	return give(r, p, PIECE_PROVEN);
}

/* Where the next line begins that is an event behind r->last, its offset in *offset; the file's end,
 * and 0, when there is none. -1 and errno. */
static int64_t
find_line(const struct segment *s, const struct recovery *r, uint64_t *offset)
{
	struct line_reader reader = { .limit = SEGMENT_LINE };
	char chunk[CHUNK];
	struct span line = { NULL, 0 };
	struct message m;
	int64_t at = r->end, found = -1;
	ssize_t n = 1;

	*offset = 0;
	while (n > 0 && *offset == 0) {
		enum line_result got = line_next(&reader, &line);

		if (got == LINE_NONE) {
			n = kernel.pread(s->data, chunk, CHUNK, at);
			line_add(&reader, chunk, n < 0 ? 0 : (size_t)n);
			at += n < 0 ? 0 : n;
		} else if (got == LINE_OK && (uint64_t)message_offset(line.p, line.n) > r->last &&
		    message_read(&m, line.p, line.n, NULL) == 0) {
			*offset = (uint64_t)message_offset(line.p, line.n);
			found = at - (int64_t)(reader.buffer.len - reader.at) - (int64_t)line.n - 1;
		}
	}
	line_free(&reader);
	return n < 0 ? -1 : *offset == 0 ? r->file_size : found;
}

/* The lines behind the last record that speaks of them. */
static int
judge_rest(const struct segment *s, struct recovery *r, struct piece *p)
{
	struct error why;
	int64_t from = r->end;
	int good = check_lines(s, r, r->file_size, &why);
	uint64_t offset;

	if (good < 0)
		return -1;
	if (r->end > from)
		return give(r, p, PIECE_LINES);
	if (good > 0)
		return 0;
	if (r->end >= r->synced)
		return stop_torn(r, &why);
	from = find_line(s, r, &offset);
	if (from < 0)
		return -1;
	return give_damaged(r, p, from, offset == 0 ? r->last : offset - 1, &why);
}

/* Records are missing: the lines before the batch speak for themselves. */
static int
judge_between(const struct segment *s, struct recovery *r, const struct sums_record *b, struct piece *p)
{
	int64_t from = r->end, to = (int64_t)b->at;
	struct error why;
	int good = check_lines(s, r, to, &why);

	if (good < 0)
		return -1;
	if (good > 0 && r->last + 1 != b->first) {
		error_set(&why, ERROR_INPUT, "offset %" PRIu64 " was expected, found %" PRIu64, r->last + 1,
		    b->first);
		good = 0;
	}
	if (r->end > from)
		return give(r, p, PIECE_LINES);
	return to > r->synced ? stop_torn(r, &why) : give_damaged(r, p, to, b->first - 1, &why);
}

/* Whether a record speaks of what is behind all that has been judged. */
static bool
fits(const struct recovery *r, const struct sums_record *b)
{
	return b->count > 0 && b->length >= b->count && b->at <= INT64_MAX / 2 &&
	    (int64_t)b->at >= r->end && b->first > r->last;
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

/* The next batch of which there is a record that fits; false when there is none. */
static bool
next_batch(const struct segment *s, struct recovery *r, struct sums_record *b)
{
	for (; sums_read(s->sums, r->record, b, 1) == 1; r->record++) {
		if (b->kind == SUMS_BATCH && fits(r, b))
			return true;
		r->broken += b->kind == SUMS_BROKEN;
		if (b->kind == SUMS_SYNCED && (int64_t)b->at <= r->end) {
			r->marked = (int64_t)b->at;
			r->sums_size = (r->record + 1) * (int64_t)SUMS_SIZE;
		}
	}
	return false;
}

int
recover_next(const struct segment *s, struct recovery *r, struct piece *p, struct error *e)
{
	struct sums_record b;
	int got;

	*p = (struct piece){ .at = r->end, .first = r->last + 1 };
	if (r->torn)
		return 0;
	if (!next_batch(s, r, &b) || (int64_t)(b.at + b.length) > r->file_size)
		got = judge_rest(s, r, p);
	else if ((int64_t)b.at > r->end || b.first != r->last + 1)
		got = judge_between(s, r, &b, p);
	else
		got = judge_batch(s, r, &b, p);
	return got < 0 ? cannot(s, e) : got;
}

int
recover_begin(const struct segment *s, struct recovery *r, struct error *e)
{
	struct stat st;

	/* the marks first: a hub that runs adds to the file, and marks it only then */
	*r = (struct recovery){ .last = s->first - 1, .synced = synced_to(s), .bad_at = -1 };
	if (fstat(s->data, &st) < 0)
		return cannot(s, e);
	r->file_size = st.st_size;
	return 0;
}

int
recover_check(const struct segment *s, struct recovery *r, struct error *e)
{
	struct piece p;
	struct error why;
	int got = recover_begin(s, r, e);

	while (got >= 0 && (got = recover_next(s, r, &p, e)) > 0)
		;
	if (got < 0 || r->end >= r->synced)
		return got;
	error_set(&why, ERROR_INPUT, "%" PRId64 " bytes were on the disk, and only %" PRId64 " are left",
	    r->synced, r->end);
	bad(r, r->end, &why);
	r->damaged = true;
	return 0;
}

void
recover_say(struct bytes *into, const struct segment *s, const struct recovery *r)
{
	segment_name(into, s->first, "ndjson");
	bytes_format(into, ": byte %" PRId64 ", offset %" PRIu64 ": %s", r->bad_at, r->bad_offset,
	    r->why.text);
}

void
recover_trust(struct segment *s)
{
	s->synced = s->marked = s->doubtful = s->size;
	s->proven = 0;
}

int
recover_prove(struct segment *s, int64_t bytes)
{
	int64_t until = s->proven + bytes;
	struct recovery *r = s->proof;
	struct piece p;
	int got = 0;

	if (s->damaged || s->proven >= s->doubtful)
		return -1;
	if (r == NULL) {
		r = s->proof = xmalloc(sizeof(*r));
		got = recover_begin(s, r, NULL);
		r->file_size = s->doubtful;
	}
	while (got >= 0 && s->proven < until && (got = recover_next(s, r, &p, NULL)) > 0 && !r->damaged)
		s->proven = r->end;
	if (got < 0)
		return -1;
	s->damaged = r->damaged || (got == 0 && r->end < r->file_size);
	if (s->damaged)
		return -1;
	if (s->proven == s->doubtful) {
		free(r);
		s->proof = NULL;
	}
	return 0;
}

int
recover_refuse(const struct segment *s, struct error *e)
{
	AUTO_BYTES text = { 0 };

	recover_say(&text, s, s->proof);
	return error_set(e, ERROR_NOT_FOUND, "%s: what is there cannot be given; mci-events repair keeps "
	    "what can be proven", bytes_string(&text));
}

int
recover_cut(struct segment *s, const struct recovery *r, struct error *e)
{
	AUTO_BYTES name = { 0 };

	segment_name(&name, s->first, "ndjson");
	if (r->end < r->file_size && ftruncate(s->data, r->end) < 0)
		return error_sys(e, "truncate %s", bytes_string(&name));
	if (s->sums >= 0 && ftruncate(s->sums, r->sums_size) < 0)
		return error_sys(e, "truncate the sidecar of %s", bytes_string(&name));
	s->size = r->end;
	s->last = r->last;
	s->began = r->began;
	s->newest = r->newest;
	s->sums_size = r->sums_size;
	s->marked = r->marked;
	return 0;
}
