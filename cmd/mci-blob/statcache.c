#include "statcache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "checksum.h"
#include "duration.h"
#include "entry.h"
#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"

#define MAGIC "mcistat1"
#define BUFFER (256 * 1024)
#define RECORD_MOST (64 * 1024 * 1024)
/* Times of files go in steps of a tick, at most 10 ms; of two seconds where there are no nanoseconds
 * (FAT). */
#define STEP (20 * MILLISECOND)
#define COARSE (2 * SECOND + STEP)

struct head {
	uint32_t length, sum; /* of the whole record; of what is behind this member */
	uint64_t dev, ino;
	int64_t size, mtime, ctime;
	uint32_t mode, path, lines, nchunks;
};

struct statcache {
	char *name;  /* HEX */
	int dir;
	int in, out; /* -1: none */
	struct bytes read;
	size_t at;   /* of the next record in read */
	bool ended;
	struct statcache_file found;
	bool pending; /* found is not passed */
	struct bytes write;
	char *fresh;
	char *written; /* the note that they are being written; NULL: none */
	int note;
};

static char *
cache_name(int root, const char *const *tops, size_t n)
{
	struct digest_state *s = digest_new();
	char path[4096 + 32], link[64], hex[DIGEST_HEX + 1];
	struct digest d;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
	length = readlink(link, path, sizeof(path));
	digest_add(s, path, length < 0 ? 0 : (size_t)length);
	for (size_t i = 0; i < n; i++) {
		digest_add(s, "", 1);
		digest_add(s, tops[i], strlen(tops[i]));
	}
	digest_end(s, &d);
	digest_free(s);
	digest_hex(&d, hex);
	return xstrdup(hex);
}

/* Creates the file, or takes over that of one who was killed (*left), and holds it. -1: another has it, or
 * it cannot be. */
static int
hold(int dir, const char *name, bool *left)
{
	int fd = kernel.open(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	struct stat ours, now;

	*left = fd < 0 && errno == EEXIST;
	if (*left)
		fd = kernel.open(dir, name, O_WRONLY, 0);
	if (fd < 0)
		return -1;
	/* its holder may have given it another name, or none, in between */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &ours) == 0 && fstatat(dir, name, &now, 0) == 0 &&
	    ours.st_ino == now.st_ino && ftruncate(fd, 0) == 0)
		return fd;
	*left = false;
	close(fd);
	return -1;
}

struct statcache *
statcache_open(int root, const char *const *tops, size_t n)
{
	struct statcache *c = xmalloc(sizeof(*c));
	AUTO_FREE char *state = folder_state(NULL), *path = NULL;
	char magic[sizeof(MAGIC)] = "";
	bool left;

	c->dir = c->in = c->out = c->note = -1;
	c->ended = true;
	if (state == NULL)
		return c;
	path = xformat("%s/stat", state);
	if (folder_make(path, NULL) < 0)
		return c;
	c->dir = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (c->dir < 0)
		return c;
	c->name = cache_name(root, tops, n);
	c->in = kernel.open(c->dir, c->name, O_RDONLY, 0);
	if (c->in >= 0)
		c->ended = kernel_read_some(c->in, magic, sizeof(MAGIC) - 1) != sizeof(MAGIC) - 1 ||
		    strcmp(magic, MAGIC) != 0;
	c->fresh = xformat("%s.new", c->name);
	c->out = hold(c->dir, c->fresh, &left);
	bytes_text(&c->write, MAGIC);
	return c;
}

bool
statcache_written(struct statcache *c)
{
	bool left;

	if (c->name == NULL)
		return false;
	c->written = xformat("%s.written", c->name);
	c->note = hold(c->dir, c->written, &left);
	return left;
}

/* Sees to it that so many bytes are there; false at the end. */
static bool
have(struct statcache *c, size_t n)
{
	while (c->read.len - c->at < n) {
		size_t want = n > BUFFER ? n : BUFFER;
		ssize_t got;

		bytes_drop(&c->read, c->at);
		c->at = 0;
		got = kernel_read_some(c->in, bytes_reserve(&c->read, want), want);
		if (got <= 0)
			return false;
		c->read.len += (size_t)got;
	}
	return true;
}

/* The record at c->at becomes what is found. */
static bool
take(struct statcache *c)
{
	struct head h;
	const char *p;
	size_t after;

	if (!have(c, sizeof(h)))
		return false;
	memcpy(&h, c->read.data + c->at, sizeof(h));
	after = (sizeof(h) + (size_t)h.path + 1 + h.lines + 7) / 8 * 8;
	if (h.length > RECORD_MOST || h.path >= ENTRY_PATH || h.lines > RECORD_MOST ||
	    h.nchunks > RECORD_MOST / sizeof(struct digest) ||
	    h.length != (after + h.nchunks * sizeof(struct digest) + 7) / 8 * 8 || !have(c, h.length))
		return false;
	p = c->read.data + c->at;
	if (checksum_add(0, p + offsetof(struct head, dev), h.length - offsetof(struct head, dev)) != h.sum ||
	    p[sizeof(h) + h.path] != '\0')
		return false;
	c->found = (struct statcache_file){
		.path = p + sizeof(h),
		.st = { .st_dev = h.dev, .st_ino = h.ino, .st_size = h.size, .st_mode = h.mode,
		    .st_mtim = { h.mtime / SECOND, h.mtime % SECOND },
		    .st_ctim = { h.ctime / SECOND, h.ctime % SECOND } },
		.lines = { p + sizeof(h) + h.path + 1, h.lines },
		.chunks = (const struct digest *)(const void *)(p + after),
		.nchunks = h.nchunks,
		.record = { p, h.length },
	};
	c->at += h.length;
	return true;
}

const struct statcache_file *
statcache_next(struct statcache *c)
{
	if (!c->pending && !c->ended) {
		c->pending = take(c);
		c->ended = !c->pending;
	}
	return c->pending ? &c->found : NULL;
}

const struct statcache_file *
statcache_find(struct statcache *c, const char *path)
{
	const struct statcache_file *next;

	while ((next = statcache_next(c)) != NULL) {
		int order = entry_order(next->path, path);

		if (order > 0)
			return NULL;
		c->pending = false;
		if (order == 0)
			return next;
	}
	return NULL;
}

/* A part of what was copied, in the copy. */
static const void *
moved(const void *part, struct span record, const char *to)
{
	return to + ((const char *)part - record.p);
}

struct statcache_file *
statcache_copy(const struct statcache_file *f)
{
	struct statcache_file *copy = xmalloc(sizeof(*copy) + f->record.n);
	char *record = (char *)(copy + 1);

	memcpy(record, f->record.p, f->record.n);
	*copy = *f;
	copy->path = moved(f->path, f->record, record);
	copy->lines.p = moved(f->lines.p, f->record, record);
	copy->chunks = moved(f->chunks, f->record, record);
	copy->record.p = record;
	return copy;
}

static int64_t
nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * SECOND + t->tv_nsec;
}

bool
statcache_holds(const struct statcache_file *f, const struct stat *st)
{
	return f->st.st_ino == st->st_ino && f->st.st_dev == st->st_dev && f->st.st_size == st->st_size &&
	    f->st.st_mode == st->st_mode && nanoseconds(&f->st.st_mtim) == nanoseconds(&st->st_mtim) &&
	    nanoseconds(&f->st.st_ctim) == nanoseconds(&st->st_ctim);
}

bool
statcache_racy(const struct stat *st, int64_t now)
{
	bool coarse = st->st_ctim.tv_nsec == 0 && st->st_mtim.tv_nsec == 0;

	return nanoseconds(&st->st_ctim) + (coarse ? COARSE : STEP) > now;
}

/* What is gathered is written when it is much; a cache that cannot be written is none. */
static void
write_some(struct statcache *c)
{
	if (c->write.len < BUFFER)
		return;
	if (kernel_write_all(c->out, c->write.data, c->write.len) < 0) {
		(void)names_remove(c->dir, c->fresh, NULL);
		close(c->out);
		c->out = -1;
	}
	c->write.len = 0;
}

void
statcache_add(struct statcache *c, const struct statcache_file *f, int64_t read)
{
	struct head h = { .dev = f->st.st_dev, .ino = f->st.st_ino, .size = f->st.st_size,
		.mtime = nanoseconds(&f->st.st_mtim), .ctime = nanoseconds(&f->st.st_ctim),
		.mode = f->st.st_mode, .path = (uint32_t)strlen(f->path), .lines = (uint32_t)f->lines.n,
		.nchunks = (uint32_t)f->nchunks };
	size_t after = (sizeof(h) + h.path + 1 + h.lines + 7) / 8 * 8;
	char *p;

	if (c->out < 0 || statcache_racy(&f->st, read) || f->lines.n > RECORD_MOST / 4 ||
	    f->nchunks > RECORD_MOST / 4 / sizeof(struct digest))
		return;
	h.length = (uint32_t)(after + f->nchunks * sizeof(struct digest));
	p = bytes_reserve(&c->write, h.length);
	memset(p + after - 8, 0, 8);
	memcpy(p + sizeof(h), f->path, h.path + 1);
	memcpy(p + sizeof(h) + h.path + 1, f->lines.p, h.lines);
	memcpy(p + after, f->chunks, f->nchunks * sizeof(struct digest));
	memcpy(p, &h, sizeof(h));
	h.sum = checksum_add(0, p + offsetof(struct head, dev), h.length - offsetof(struct head, dev));
	memcpy(p, &h, sizeof(h));
	c->write.len += h.length;
	write_some(c);
}

void
statcache_keep(struct statcache *c, const struct statcache_file *f)
{
	if (c->out < 0)
		return;
	bytes_add(&c->write, f->record.p, f->record.n);
	write_some(c);
}

void
statcache_close(struct statcache *c, bool keep)
{
	if (c == NULL)
		return;
	keep = keep && c->out >= 0 && kernel_write_all(c->out, c->write.data, c->write.len) == 0;
	if (keep)
		(void)names_replace(c->dir, c->fresh, c->name, NULL);
	else if (c->out >= 0)
		(void)names_remove(c->dir, c->fresh, NULL);
	if (c->note >= 0) {
		(void)names_remove(c->dir, c->written, NULL);
		close(c->note);
	}
	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0)
		close(c->out);
	if (c->dir >= 0)
		close(c->dir);
	bytes_free(&c->read);
	bytes_free(&c->write);
	free(c->name);
	free(c->fresh);
	free(c->written);
	free(c);
}
