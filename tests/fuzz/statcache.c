/* A stat cache of any bytes: what is found in it lies in it, and is found again in the cache that is written
 * of it. The first byte says whether lengths and sums of its records are made right. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"
#include "cmd/mci-blob/entry.h"
#include "cmd/mci-blob/statcache.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char folder[] = "/tmp/mci-fuzz-stat-XXXXXX", name[512];

static void
expect(int truth)
{
	if (!truth)
		abort();
}

/* Of its files there is one at a time, but while it is written. */
static void
clean_up(void)
{
	static const char *const folders[] = { "/mci/stat", "/mci", "" };

	(void)unlink(name);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", folder, folders[i]);
		(void)rmdir(path);
	}
}

static struct statcache *
open_cache(void)
{
	static const char *const tops[] = { "a" };

	return statcache_open(AT_FDCWD, tops, 1);
}

/* The file is named for the folder's path and the tops. */
static void
find_name(void)
{
	char path[64];
	struct dirent *entry;
	DIR *d;

	statcache_close(open_cache(), true);
	snprintf(path, sizeof(path), "%s/mci/stat", folder);
	d = opendir(path);
	expect(d != NULL);
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.')
			snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
	}
	closedir(d);
	expect(name[0] != '\0');
}

/* Each record says how long it and its parts are, and has a sum of what is behind both. */
static void
make_right(uint8_t *p, size_t n)
{
	enum { LENGTH = 0, SUM = 4, BEHIND = 8, PATH = 52, LINES = 56, CHUNKS = 60, HEAD = 64 };
	uint32_t length, sum, path, lines, chunks, room;

	for (size_t at = 0; at + HEAD + 8 <= n; at += length) {
		memcpy(&length, p + at + LENGTH, sizeof(length));
		memcpy(&path, p + at + PATH, sizeof(path));
		memcpy(&chunks, p + at + CHUNKS, sizeof(chunks));
		chunks %= 3;
		length = HEAD + 8 + chunks * DIGEST_SIZE + length % 256 / 8 * 8;
		if (length > n - at)
			return;
		room = length - HEAD - chunks * DIGEST_SIZE;
		path %= room;
		lines = room - path - 1;
		p[at + HEAD + path] = '\0';
		memcpy(p + at + LENGTH, &length, sizeof(length));
		memcpy(p + at + PATH, &path, sizeof(path));
		memcpy(p + at + LINES, &lines, sizeof(lines));
		memcpy(p + at + CHUNKS, &chunks, sizeof(chunks));
		sum = checksum_add(0, p + at + BEHIND, length - BEHIND);
		memcpy(p + at + SUM, &sum, sizeof(sum));
	}
}

/* All that it knows, one behind the other. */
static size_t
read_all(struct statcache *c)
{
	const struct statcache_file *f;
	size_t count = 0;

	while ((f = statcache_next(c)) != NULL) {
		struct statcache_file *copy = statcache_copy(f);
		const char *record = copy->record.p, *end = record + copy->record.n;

		expect(copy->path >= record && copy->path + strlen(copy->path) < end);
		expect(copy->lines.p >= record && copy->lines.p + copy->lines.n <= end);
		expect((const char *)copy->chunks >= record &&
		    (const char *)(copy->chunks + copy->nchunks) <= end);
		expect(statcache_find(c, copy->path) != NULL);
		statcache_keep(c, copy);
		free(copy);
		count++;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct statcache *c;
	uint8_t *copy;
	size_t count;
	int fd;

	if (name[0] == '\0') {
		expect(mkdtemp(folder) != NULL && setenv("XDG_STATE_HOME", folder, 1) == 0);
		atexit(clean_up);
		find_name();
	}
	if (n == 0)
		return 0;
	copy = xmalloc(n);
	memcpy(copy, data + 1, n - 1);
	if (data[0] % 2 == 1)
		make_right(copy, n - 1);
	fd = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC);
	expect(fd >= 0 && write(fd, "mcistat1", 8) == 8 && write(fd, copy, n - 1) == (ssize_t)(n - 1));
	close(fd);
	free(copy);
	c = open_cache();
	count = read_all(c);
	statcache_close(c, true);
	c = open_cache();
	expect(read_all(c) == count);
	statcache_close(c, false);
	return 0;
}
