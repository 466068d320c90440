/* A compressed log of any bytes: opening and reading it ends in an error or in bytes, never in a
 * crash, and what was packed comes back. The first byte says which: 0 takes the rest as a log,
 * others as the file. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logcompress.h"
#include "logpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static void
read_all(struct logpack *p)
{
	struct span piece;
	int64_t start, at = 0;
	uint64_t before;

	for (int i = 0; i < 64 && logpack_piece(p, at, &piece, NULL) == 0 && piece.n > 0; i++)
		at += (int64_t)piece.n;
	(void)logpack_piece(p, p->size - 1 < 0 ? 0 : p->size - 1, &piece, NULL);
	(void)logpack_before_byte(p, p->size / 2, &start, &before, NULL);
	(void)logpack_before_newline(p, p->newlines / 2 + 1, &start, &before, NULL);
}

static void
there_and_back(int dir, const uint8_t *data, size_t n)
{
	struct logpack p;
	char *got = malloc(n + 1);

	expect(got != NULL && logcompress(dir, "f.log", NULL, NULL, NULL) == 0);
	expect(logpack_open(&p, dir, "f.log.zst", NULL) == 0);
	expect(logpack_read(&p, got, n + 1, 0, NULL) == (ssize_t)n);
	expect(n == 0 || memcmp(got, data, n) == 0);
	logpack_close(&p);
	free(got);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool packed = n > 0 && data[0] != 0;
	char folder[] = "/tmp/mci-fuzz-XXXXXX";
	struct logpack p;
	int dir, fd;

	if (n == 0)
		return 0;
	expect(mkdtemp(folder) != NULL);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, packed ? "f.log.zst" : "f.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	expect(fd >= 0 && write(fd, data + 1, n - 1) == (ssize_t)n - 1);
	close(fd);
	if (!packed) {
		there_and_back(dir, data + 1, n - 1);
	} else if (logpack_open(&p, dir, "f.log.zst", NULL) == 0) {
		read_all(&p);
		logpack_close(&p);
	}
	unlinkat(dir, "f.log.zst", 0);
	close(dir);
	rmdir(folder);
	return 0;
}
