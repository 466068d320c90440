#include "sums.h"

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "kernel.h"

#define BATCH 64
#define CHECKED offsetof(struct sums_record, kind)

_Static_assert(sizeof(struct sums_record) == 40, "the sidecar's format");

/* From the file's order of bytes to this machine's, and back: the same on both ways. */
static struct sums_record
turn(const struct sums_record *r)
{
	return (struct sums_record){ le64toh(r->at), le64toh(r->first),
		(int64_t)le64toh((uint64_t)r->received), le32toh(r->length), le32toh(r->count),
		le32toh(r->sum), le32toh(r->kind) };
}

/* As it stands in the file. */
static struct sums_record
write_record(const struct sums_record *r)
{
	struct sums_record t = turn(r);

	t.kind = htole32(checksum_add(r->kind, &t, CHECKED));
	return t;
}

/* What stands in the file. */
static struct sums_record
read_record(const struct sums_record *t)
{
	struct sums_record r = turn(t);
	uint32_t check = r.kind;

	r.kind = checksum_add(SUMS_BATCH, t, CHECKED) == check ? SUMS_BATCH :
	    checksum_add(SUMS_SYNCED, t, CHECKED) == check ? SUMS_SYNCED : SUMS_BROKEN;
	return r;
}

int
sums_append(int fd, int64_t end, const struct sums_record *records, size_t n, const char *name,
    struct error *e)
{
	while (n > 0) {
		struct sums_record turned[BATCH];
		size_t some = n < BATCH ? n : BATCH;

		for (size_t i = 0; i < some; i++)
			turned[i] = write_record(&records[i]);
		if (kernel_write_all(fd, turned, some * SUMS_SIZE) < 0) {
			error_sys(e, "write %s", name);
			if (ftruncate(fd, end) < 0)
				error_sys(e, "truncate %s", name);
			return -1;
		}
		records += some;
		n -= some;
	}
	return 0;
}

ssize_t
sums_read(int fd, int64_t i, struct sums_record *into, size_t n)
{
	ssize_t got;

	do
		got = kernel.pread(fd, into, n * SUMS_SIZE, i * (int64_t)SUMS_SIZE);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	got /= (ssize_t)SUMS_SIZE;
	for (ssize_t k = 0; k < got; k++)
		into[k] = read_record(&into[k]);
	return got;
}

int64_t
sums_count(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_size / (off_t)SUMS_SIZE;
}

/* The batch at record i or nearest before it: marks lie between batches. As sums_find. */
static int
batch_at(int fd, int64_t i, struct sums_record *r)
{
	for (; i >= 0; i--) {
		ssize_t got = sums_read(fd, i, r, 1);

		if (got < 0)
			return -1;
		if (got == 1 && r->kind == SUMS_BATCH)
			return 1;
	}
	return 0;
}

int
sums_find(int fd, enum sums_key key, int64_t value, struct sums_record *found)
{
	int64_t low = 0, high = sums_count(fd);

	/* the record before low begins at or before value, that of high behind it */
	while (low < high) {
		int64_t middle = low + (high - low) / 2, begins;
		struct sums_record r;
		int got = batch_at(fd, middle, &r);

		if (got < 0)
			return -1;
		begins = key == SUMS_BY_OFFSET ? (int64_t)r.first : r.received;
		if (got == 0 || begins <= value)
			low = middle + 1;
		else
			high = middle;
	}
	if (batch_at(fd, low - 1, found) != 1)
		return 0;
	return (key == SUMS_BY_OFFSET ? (int64_t)found->first : found->received) <= value;
}
