/* A damaged event log: opening it keeps every whole line and nothing else, it can be gone on with, and what
 * is left can be folded, whatever it says. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appendlog.h"
#include "fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char event[] = "{\"type\":\"build/end\",\"time\":\"2026-11-23T18:00:00.000Z\","
    "\"status\":\"success\",\"exit\":0}\n";

static void
expect(int truth)
{
	if (!truth)
		abort();
}

/* The file holds the first n bytes of data, and then the event if it was appended. */
static void
expect_file(int fd, const uint8_t *data, size_t n, size_t appended)
{
	char *got = malloc(n + appended + 1);

	expect(got != NULL && pread(fd, got, n + appended + 1, 0) == (ssize_t)(n + appended));
	expect(n == 0 || memcmp(got, data, n) == 0);
	expect(memcmp(got + n, event, appended) == 0);
	free(got);
}

static void
open_log(struct appendlog *l, const char *path, size_t size, size_t cut)
{
	int64_t gone = -1;

	expect(appendlog_open(l, path, &gone, NULL) == 0);
	expect(l->size == (int64_t)size && gone == (int64_t)cut);
}

static void
fold_log(const char *path)
{
	struct fold f;
	struct error e;

	fold_init(&f);
	(void)fold_file(&f, path, &e);
	fold_free(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *newline = n == 0 ? NULL : memrchr(data, '\n', n);
	size_t whole = newline == NULL ? 0 : (size_t)(newline - data) + 1;
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct appendlog l;
	char path[32];

	expect(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	open_log(&l, path, whole, n - whole);
	expect_file(fd, data, whole, 0);
	expect(appendlog_append(&l, event, sizeof(event) - 1, NULL) == 0);
	appendlog_close(&l);
	open_log(&l, path, whole + sizeof(event) - 1, 0);
	appendlog_close(&l);
	expect_file(fd, data, whole, sizeof(event) - 1);
	fold_log(path);
	close(fd);
	return 0;
}
