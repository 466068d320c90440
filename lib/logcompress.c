#include "logcompress.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "bytes.h"
#include "kernel.h"
#include "logpack.h"
#include "memory.h"
#include "names.h"

/* zstd's own default: higher ones take twice the time for a tenth of the size. */
#define LEVEL 3

struct compression {
	const char *name, *temporary;
	int in, out;
	ZSTD_CCtx *encoder;
	char *raw, *packed;
	size_t limit;       /* of packed */
	int64_t size;       /* raw bytes done */
	uint64_t written, newlines;
	struct bytes marks; /* struct logpack_mark for each frame */
	struct bytes seeks; /* struct logpack_seek */
};

/* Fills the buffer from the log unless that ends before; the bytes, or -1. */
static ssize_t
read_frame(struct compression *c, struct error *e)
{
	size_t done = 0;

	while (done < LOGPACK_FRAME) {
		ssize_t got = kernel.read(c->in, c->raw + done, LOGPACK_FRAME - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", c->name);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static uint64_t
count_newlines(const char *p, size_t n)
{
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += p[i] == '\n';
	return count;
}

static void
add_mark(struct compression *c)
{
	struct logpack_mark m = { htole64(c->written), htole64(c->newlines) };

	bytes_add(&c->marks, &m, sizeof(m));
}

static void
add_seek(struct compression *c, uint64_t packed, uint64_t raw)
{
	struct logpack_seek s = { htole32((uint32_t)packed), htole32((uint32_t)raw) };

	bytes_add(&c->seeks, &s, sizeof(s));
}

static int
write_out(struct compression *c, const void *p, size_t n, struct error *e)
{
	if (kernel_write_all(c->out, p, n) < 0)
		return error_sys(e, "write %s", c->temporary);
	c->written += n;
	return 0;
}

static int
write_frames(struct compression *c, struct error *e)
{
	for (;;) {
		ssize_t n = read_frame(c, e);
		size_t packed;

		if (n <= 0)
			return (int)n;
		packed = ZSTD_compress2(c->encoder, c->packed, c->limit, c->raw, (size_t)n);
		if (ZSTD_isError(packed))
			return error_set(e, ERROR_INTERNAL, "compress %s: %s", c->name,
			    ZSTD_getErrorName(packed));
		add_mark(c);
		add_seek(c, packed, (uint64_t)n);
		if (write_out(c, c->packed, packed, e) < 0)
			return -1;
		c->size += n;
		c->newlines += count_newlines(c->raw, (size_t)n);
	}
}

static int
write_tables(struct compression *c, struct error *e)
{
	struct logpack_head head = { .skippable = htole32(LOGPACK_SKIPPABLE),
		.magic = htole64(LOGPACK_MAGIC), .frame = htole32(LOGPACK_FRAME) };
	struct logpack_foot foot = { .seekable = htole32(LOGPACK_SEEKABLE) };
	uint32_t table[2] = { htole32(LOGPACK_SKIPPABLE) };
	const size_t fixed = 2 * sizeof(uint32_t);
	size_t map;

	add_mark(c);
	map = sizeof(head) + c->marks.len;
	if (map > UINT32_MAX)
		return error_set(e, ERROR_LIMIT, "compress %s: it is too long", c->name);
	head.length = htole32((uint32_t)(map - fixed));
	add_seek(c, map, 0);
	foot.frames = htole32((uint32_t)(c->seeks.len / sizeof(struct logpack_seek)));
	table[1] = htole32((uint32_t)(c->seeks.len + sizeof(foot)));
	if (write_out(c, &head, sizeof(head), e) < 0 ||
	    write_out(c, c->marks.data, c->marks.len, e) < 0 ||
	    write_out(c, table, sizeof(table), e) < 0 ||
	    write_out(c, c->seeks.data, c->seeks.len, e) < 0)
		return -1;
	return write_out(c, &foot, sizeof(foot), e);
}

/* Still the length that was read; then the new file is made as old as this one. */
static int
settle(struct compression *c, struct error *e)
{
	struct stat st;

	if (fstat(c->in, &st) < 0)
		return error_sys(e, "read %s", c->name);
	if (st.st_size != c->size)
		return error_set(e, ERROR_BUSY, "%s is being written", c->name);
	if (futimens(c->out, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0)
		return error_sys(e, "touch %s", c->temporary);
	return 0;
}

static int
pack(struct compression *c, struct error *e)
{
	c->encoder = ZSTD_createCCtx();
	if (c->encoder == NULL)
		return error_set(e, ERROR_SYSTEM, "compress %s: no memory", c->name);
	ZSTD_CCtx_setParameter(c->encoder, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(c->encoder, ZSTD_c_checksumFlag, 1);
	c->limit = ZSTD_compressBound(LOGPACK_FRAME);
	c->raw = xmalloc(LOGPACK_FRAME);
	c->packed = xmalloc(c->limit);
	if (write_frames(c, e) < 0 || write_tables(c, e) < 0)
		return -1;
	return settle(c, e);
}

int
logcompress(int dir, const char *name, int64_t *before, int64_t *after, struct error *e)
{
	AUTO_FREE char *packed = xformat("%s" LOGPACK_SUFFIX, name);
	AUTO_FREE char *temporary = xformat("%s.tmp", packed);
	AUTO_CLOSE int in = kernel.open(dir, name, O_RDONLY, 0);
	AUTO_CLOSE int out = -1;
	struct compression c = { .name = name, .temporary = temporary };
	int result;

	if (in < 0)
		return error_sys(e, "open %s", name);
	out = kernel.open(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (out < 0)
		return error_sys(e, "create %s", temporary);
	c.in = in;
	c.out = out;
	result = pack(&c, e);
	ZSTD_freeCCtx(c.encoder);
	memory_free(&c.raw);
	memory_free(&c.packed);
	bytes_free(&c.marks);
	bytes_free(&c.seeks);
	if (result < 0) {
		(void)names_remove(dir, temporary, NULL);
		return -1;
	}
	if (before != NULL)
		*before = c.size;
	if (after != NULL)
		*after = (int64_t)c.written;
	/* the new one is on the disk when the old one goes */
	return names_publish(out, dir, temporary, packed, e) < 0 ? -1 : names_remove(dir, name, e);
}
