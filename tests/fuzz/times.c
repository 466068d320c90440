/* An index of any bytes: what can be read of it is the same as what lib reads at once, in order,
 * and every offset has the record that a plain search finds. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/mci-log/times.h"
#include "logfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static void
compare(struct times *t, const struct logfile_index *x)
{
	static const int64_t offsets[] = { 0, 1, 100, 5, 70000, 1 << 20, 99, INT64_MAX };

	expect(t->count == x->n);
	for (size_t i = 0; i < x->n; i += 1 + x->n / 16) {
		const struct logfile_record *r = times_at(t, (int64_t)x->records[i].offset);

		expect(r != NULL && r->offset == x->records[i].offset);
	}
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		const struct logfile_record *r = times_at(t, offsets[i]);
		const struct logfile_record *twin = logfile_index_at(x, offsets[i]);

		if (twin != NULL)
			expect(r != NULL && r->offset == twin->offset && r->time == twin->time);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char folder[] = "/tmp/mci-fuzz-XXXXXX";
	struct times t = { .fd = -1 };
	struct logfile_index x = { 0 };
	struct shelf shelf = { -1, -1 };
	int fd;

	expect(mkdtemp(folder) != NULL);
	shelf.live = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(shelf.live, "j.idx", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	expect(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	close(fd);
	(void)times_refresh(&t, &shelf, "j.idx", NULL);
	(void)logfile_index_read(&x, shelf.live, "j", 1, NULL);
	compare(&t, &x);
	expect(t.ended == x.ended && t.truncated == x.truncated);
	times_close(&t);
	logfile_index_free(&x);
	unlinkat(shelf.live, "j.idx", 0);
	close(shelf.live);
	rmdir(folder);
	return 0;
}
