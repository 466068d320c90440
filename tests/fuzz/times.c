/* An index of any bytes: what can be read of it is the same as what a plain reading finds, in order,
 * and every offset has the record that a plain search finds. */
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logindex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(int truth)
{
	if (!truth)
		abort();
}

/* The plain reading of the same bytes. */
struct plain {
	struct logfile_record records[4096];
	size_t n;
	bool ended, truncated;
};

static void
read_plain(struct plain *x, const uint8_t *data, size_t n)
{
	struct logfile_record r;

	for (size_t at = 0; at + sizeof(r) <= n && x->n < 4096; at += sizeof(r)) {
		memcpy(&r, data + at, sizeof(r));
		r.offset = le64toh(r.offset);
		r.time = (int64_t)le64toh((uint64_t)r.time);
		r.stream = le32toh(r.stream);
		if (at == 0 && r.offset != LOGFILE_MAGIC)
			return;
		if (at == 0)
			continue;
		if (x->ended || r.offset > INT64_MAX || (x->n > 0 && r.offset < x->records[x->n - 1].offset))
			return;
		if (r.stream == LOGFILE_END) {
			x->ended = true;
			x->truncated = (le32toh(r.flags) & LOGFILE_TRUNCATED) != 0;
			continue;
		}
		x->records[x->n++] = r;
	}
}

static const struct logfile_record *
plain_at(const struct plain *x, int64_t offset)
{
	const struct logfile_record *found = NULL;

	for (size_t i = 0; i < x->n && x->records[i].offset <= (uint64_t)offset; i++)
		found = &x->records[i];
	return found;
}

static void
compare(struct logindex *t, const struct plain *x)
{
	static const int64_t offsets[] = { 0, 1, 100, 5, 70000, 1 << 20, 99, INT64_MAX };

	expect(t->count == x->n);
	for (size_t i = 0; i < x->n; i += 1 + x->n / 16) {
		const struct logfile_record *r = logindex_at(t, (int64_t)x->records[i].offset);

		expect(r != NULL && r->offset == x->records[i].offset);
	}
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		const struct logfile_record *r = logindex_at(t, offsets[i]);
		const struct logfile_record *twin = plain_at(x, offsets[i]);

		if (twin != NULL)
			expect(r != NULL && r->offset == twin->offset && r->time == twin->time);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char folder[] = "/tmp/mci-fuzz-XXXXXX";
	static struct plain x;
	struct logindex t = { .fd = -1 };
	int dir, fd;

	/* as many as the plain twin has room for */
	if (n > 4096 * sizeof(struct logfile_record))
		return 0;
	x = (struct plain){ 0 };
	expect(mkdtemp(folder) != NULL);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, "j.idx", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	expect(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	close(fd);
	t.fd = openat(dir, "j.idx", O_RDONLY | O_CLOEXEC);
	(void)logindex_refresh(&t, "j.idx", NULL);
	read_plain(&x, data, n);
	compare(&t, &x);
	expect(t.ended == x.ended && t.truncated == x.truncated);
	logindex_close(&t);
	unlinkat(dir, "j.idx", 0);
	close(dir);
	rmdir(folder);
	return 0;
}
