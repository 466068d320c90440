/* A damaged segment of the hub's log with a damaged sidecar: what is kept are whole events with offsets in
 * order, what was cut once is not cut again, and the file goes on from there; the pieces lie one behind the
 * other, and what is read on trust is given as far as it was judged. The first byte says where the input parts
 * into sidecar and lines; every second record's checksums are made right, so that they are passed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checksum.h"
#include "cmd/mci-events/recover.h"
#include "cmd/mci-events/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static int
file_of(const uint8_t *p, size_t n)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);

	expect(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	return fd;
}

/* The sidecar: every second record as the hub writes it, with the checksum of the bytes that it names. */
static int
sidecar_of(const uint8_t *sums, size_t nsums, const uint8_t *lines, size_t n)
{
	int fd = memfd_create("sidecar", MFD_CLOEXEC);

	for (size_t i = 0; i + SUMS_SIZE <= nsums; i += SUMS_SIZE) {
		struct sums_record r;

		memcpy(&r, sums + i, sizeof(r));
		if (i % (2 * SUMS_SIZE) != 0) {
			expect(write(fd, &r, sizeof(r)) == (ssize_t)sizeof(r));
			continue;
		}
		r.kind = r.kind % 3;
		r.at %= n + 1;
		r.length = (uint32_t)(r.length % (n + 1));
		r.count %= 16;
		r.first %= 64;
		if (r.at + r.length <= n)
			r.sum = checksum_add(0, lines + r.at, r.length);
		expect(sums_append(fd, 0, &r, 1, "sidecar", NULL) == 0);
	}
	expect(write(fd, sums, nsums % SUMS_SIZE) == (ssize_t)(nsums % SUMS_SIZE));
	return fd;
}

/* The pieces lie one behind the other, up to what is judged. */
static void
check_pieces(const struct segment *s, const struct recovery *found)
{
	struct recovery r;
	struct piece p;
	int64_t end = 0;
	uint64_t last = s->first - 1;
	bool damaged = false;

	expect(recover_begin(s, &r, NULL) == 0);
	while (recover_next(s, &r, &p, NULL) > 0) {
		expect(p.at == end && p.end >= p.at && p.first == last + 1 && p.last + 1 >= p.first);
		expect(p.kind == PIECE_DAMAGED || (p.end > p.at && p.last >= p.first));
		damaged |= p.kind == PIECE_DAMAGED;
		end = p.end;
		last = p.last;
	}
	expect(end == r.end && last == r.last && end == found->end);
	expect(damaged ? found->damaged : !found->damaged || end < r.synced);
}

/* Taken on trust it is given up to where it is good. */
static void
check_trusted(struct segment *s, const struct recovery *found)
{
	s->size = found->file_size;
	recover_trust(s);
	while (recover_prove(s, 64) == 0)
		expect(segment_readable(s) <= found->file_size);
	if (found->damaged && found->bad_at < found->end)
		expect(s->damaged && segment_readable(s) <= found->bad_at);
	else if (found->end == found->file_size)
		expect(!s->damaged && segment_readable(s) == found->file_size);
	free(s->proof);
	s->proof = NULL;
	s->damaged = false;
	s->proven = s->doubtful = 0;
}

static void
check(struct segment *s)
{
	struct recovery r, again;
	struct error e;

	expect(recover_check(s, &r, &e) == 0);
	expect(r.end >= 0 && r.end <= r.file_size && r.last + 1 >= s->first);
	expect(r.bad_at < 0 || r.bad_at <= r.file_size);
	expect(!r.damaged || r.bad_at >= 0);
	check_pieces(s, &r);
	check_trusted(s, &r);
	/* the hub does not start with such a one */
	if (r.damaged)
		return;
	expect(recover_cut(s, &r, &e) == 0);
	s->synced = s->size;
	segment_mark(s);
	expect(recover_check(s, &again, &e) == 0);
	expect(!again.damaged && !again.torn);
	expect(again.end == r.end && again.last == r.last && again.file_size == r.end);
	expect(segment_append(s, "{\"offset\":1}\n", 13, 1, 1000, &e) == 0);
	expect(s->last == r.last + 1);
	expect(segment_find(s, s->last, &e) >= 0);
	expect(segment_find_time(s, 1000) <= s->size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct segment s = { .dir = -1, .first = 1 };
	size_t nsums = n == 0 ? 0 : data[0] % (n < 8 * SUMS_SIZE ? n : 8 * SUMS_SIZE);
	const uint8_t *lines = n == 0 ? data : data + 1 + nsums;
	size_t nlines = n == 0 ? 0 : n - 1 - nsums;

	s.data = file_of(lines, nlines);
	s.sums = sidecar_of(data + (n > 0), nsums, lines, nlines);
	check(&s);
	close(s.data);
	close(s.sums);
	return 0;
}
