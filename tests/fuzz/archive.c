/* Archives: what comes out stays in its tree and within its bounds, whatever goes in. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/mci-blob-archive/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MOST (1 << 20)

struct seen {
	int64_t size, at, sum;
	int n;
};

static int
take_entry(void *arg, const struct entry *x, struct error *e)
{
	struct seen *s = arg;

	(void)e;
	if (*x->path == '/' || strcmp(x->path, "..") == 0 || strncmp(x->path, "../", 3) == 0 ||
	    strstr(x->path, "/../") != NULL || ++s->n > 50)
		abort();
	if (x->kind == ENTRY_SYMLINK && *x->target == '/')
		abort();
	if (x->kind == ENTRY_FILE && (x->size < 0 || x->size > MOST || (x->mode & 06000) != 0))
		abort();
	s->size = x->kind == ENTRY_FILE ? x->size : 0;
	s->at = 0;
	return 0;
}

static int
take_bytes(void *arg, int64_t at, const void *p, size_t n, struct error *e)
{
	struct seen *s = arg;

	(void)p;
	(void)e;
	if (at < s->at || at + (int64_t)n > s->size)
		abort();
	s->at = at + (int64_t)n;
	s->sum += (int64_t)n;
	if (s->sum > MOST)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct guard_bounds bounds = { MOST, 50, 100, false };
	struct seen seen = { 0 };
	const struct reader_sink sink = { take_entry, take_bytes, &seen };
	struct error e;
	int fd = memfd_create("archive", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	(void)reader_run(fd, &bounds, &sink, &e);
	close(fd);
	return 0;
}
