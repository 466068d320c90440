/* A damaged segment of the hub's log with a damaged sidecar: what is kept are whole events with offsets in
 * order, what was cut once is not cut again, and the file goes on from there. The first byte says where the
 * input parts into sidecar and lines; the sidecar's checksums are made right, so that they are passed. */
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

/* Every second record gets the checksum of the bytes that it names. */
static void
mend(uint8_t *sums, size_t nsums, const uint8_t *lines, size_t n)
{
	for (size_t i = 0; i + SUMS_SIZE <= nsums; i += 2 * SUMS_SIZE) {
		struct sums_record r;

		memcpy(&r, sums + i, sizeof(r));
		r.kind = r.kind % 3;
		r.at %= n + 1;
		r.length = (uint32_t)(r.length % (n + 1));
		r.count %= 16;
		r.first %= 64;
		if (r.at + r.length <= n)
			r.sum = checksum_add(0, lines + r.at, r.length);
		memcpy(sums + i, &r, sizeof(r));
	}
}

static void
check(struct segment *s)
{
	struct recovery r, again;
	struct error e;

	expect(recover_check(s, &r, &e) == 0);
	expect(r.end >= 0 && r.end <= r.file_size && r.last + 1 >= s->first);
	expect(r.bad_at < 0 || r.bad_at <= r.file_size);
	/* the hub does not start with such a one */
	if (r.end < r.synced)
		return;
	expect(recover_cut(s, &r, &e) == 0);
	s->synced = s->size;
	segment_mark(s);
	expect(recover_check(s, &again, &e) == 0);
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
	uint8_t *sums = malloc(nsums + 1);
	const uint8_t *lines = n == 0 ? data : data + 1 + nsums;
	size_t nlines = n == 0 ? 0 : n - 1 - nsums;

	expect(sums != NULL);
	memcpy(sums, data + (n > 0), nsums);
	mend(sums, nsums, lines, nlines);
	s.data = file_of(lines, nlines);
	s.sums = file_of(sums, nsums);
	check(&s);
	close(s.data);
	close(s.sums);
	free(sums);
	return 0;
}
