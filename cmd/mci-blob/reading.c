#include "reading.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "chunker.h"
#include "kernel.h"
#include "memory.h"
#include "statcache.h"

/* Files whose times are this old cannot be changed without their times' telling (statcache.c). */
#define PAUSE_MS 5
#define ATTRIBUTES (64 * 1024) /* XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux */
#define FEW_ATTRIBUTES 1024

struct own {
	const struct reading *r;
	struct packer_thread *thread;
	char *raw;
	size_t size;
	struct packer_chunk *chunks;
	size_t room;
	struct place *places;
	size_t nplaces;
};

static struct reading_item *
add(struct reading_batch *b)
{
	if (b->n == b->room) {
		b->room = b->room == 0 ? 64 : 2 * b->room;
		b->items = xrealloc(b->items, b->room, sizeof(*b->items));
	}
	return &b->items[b->n++];
}

struct reading_item *
reading_add(struct reading_batch *b, enum reading_how how, const char *path, const struct stat *st)
{
	struct reading_item *item = add(b);

	*item = (struct reading_item){ .how = how, .path = xstrdup(path), .st = *st };
	return item;
}

void
reading_add_known(struct reading_batch *b, const struct statcache_file *known)
{
	*add(b) = (struct reading_item){ .how = READING_KNOWN, .known = statcache_copy(known) };
}

void
reading_free(struct reading_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->items[i].path);
		free(b->items[i].known);
		bytes_free(&b->items[i].lines);
		entry_free(&b->items[i].entry);
	}
	free(b->items);
	bytes_free(&b->lines);
	free(b);
}

static void *
begin(void *arg)
{
	struct own *o = xmalloc(sizeof(*o));

	o->r = arg;
	o->thread = packer_begin(o->r->packer);
	o->size = 2 * FORMAT_CHUNK;
	o->raw = xmalloc(o->size);
	return o;
}

static void
end(void *own)
{
	struct own *o = own;

	packer_end(o->thread);
	free(o->raw);
	free(o->chunks);
	free(o->places);
	free(o);
}

static int
changed(const struct reading_item *item, struct error *e)
{
	return error_set(e, ERROR_BUSY, "%s: changed while it was saved", item->path);
}

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
check_same(int fd, const struct reading_item *item, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys(e, "stat %s", item->path);
	return same(&st, &item->st) ? 0 : changed(item, e);
}

static int
open_item(struct own *o, struct reading_item *item, struct error *e)
{
	int fd;

	/* a change in the same tick as the last one would leave the times as they are */
	while (statcache_racy(&item->st, item->began = kernel.wall()) &&
	    item->st.st_ctim.tv_sec <= item->began / 1000000000)
		poll(NULL, 0, PAUSE_MS);
	fd = kernel.open_beneath(o->r->root, item->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV))
		return changed(item, e);
	if (fd < 0)
		return error_sys(e, "open %s", item->path);
	if (check_same(fd, item, e) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Nearly all have none, or few: the kernel takes as much memory as it is offered. */
static ssize_t
list_attributes(int fd, struct bytes *into)
{
	char few[FEW_ATTRIBUTES];
	ssize_t n = flistxattr(fd, few, sizeof(few));

	if (n < 0 && errno == ERANGE)
		return flistxattr(fd, bytes_reserve(into, ATTRIBUTES), ATTRIBUTES);
	if (n > 0)
		memcpy(bytes_reserve(into, (size_t)n), few, (size_t)n);
	return n;
}

int
reading_attributes(struct entry *x, int fd, const char *path, struct error *e)
{
	AUTO_BYTES names = { 0 }, value = { 0 };
	ssize_t n = list_attributes(fd, &names);

	if (n <= 0)
		return n == 0 || errno == ENOTSUP ? 0 : error_sys(e, "attributes of %s", path);
	for (const char *name = names.data; name < names.data + n; name += strlen(name) + 1) {
		ssize_t got;

		/* the others are the system's: whoever restores may not set them, and should not */
		if (strncmp(name, "user.", 5) != 0)
			continue;
		got = fgetxattr(fd, name, bytes_reserve(&value, ATTRIBUTES), ATTRIBUTES);
		if (got < 0)
			return error_sys(e, "attribute %s of %s", name, path);
		entry_add_attribute(x, name, value.data, (size_t)got);
	}
	return 0;
}

static void
room_for(struct own *o, size_t n)
{
	if (n <= o->room)
		return;
	o->room = 2 * n;
	o->chunks = xrealloc(o->chunks, o->room, sizeof(*o->chunks));
}

/* From item->from on, so many bytes, in chunks of their own frames. */
static int
read_large(struct own *o, struct reading_item *item, int fd, struct error *e)
{
	int64_t at = item->from, until = item->from + item->length;
	size_t have = 0;

	while (at < until || have > 0) {
		struct entry_piece piece = { 0 };
		size_t n;

		while (have < FORMAT_CHUNK && at < until) {
			size_t want = o->size - have;
			ssize_t got;

			if ((int64_t)want > until - at)
				want = (size_t)(until - at);
			got = kernel.pread(fd, o->raw + have, want, at);
			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return error_sys(e, "read %s", item->path);
			if (got == 0)
				return changed(item, e);
			have += (size_t)got;
			at += got;
		}
		n = chunker_cut((unsigned char *)o->raw, have, FORMAT_CHUNK);
		if (packer_put(o->thread, o->raw, n, &piece.digest, e) < 0)
			return -1;
		entry_add_piece(&item->entry, &piece);
		memmove(o->raw, o->raw + n, have - n);
		have -= n;
	}
	return 0;
}

/* All of a small file behind what is in raw; its bytes. */
static int
read_small(struct own *o, struct reading_item *item, int fd, size_t at, struct error *e)
{
	size_t done = 0, size = (size_t)item->st.st_size;

	/* one byte more tells whether it has grown */
	while (done <= size) {
		ssize_t got = kernel.read(fd, o->raw + at + done, size + 1 - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", item->path);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return done == size ? 0 : changed(item, e);
}

static int
read_item(struct own *o, struct reading_item *item, size_t *used, size_t *nchunks, struct error *e)
{
	AUTO_CLOSE int fd = open_item(o, item, e);
	size_t size = (size_t)item->st.st_size;

	if (fd < 0 || (item->first && reading_attributes(&item->entry, fd, item->path, e) < 0))
		return -1;
	if (item->how == READING_PART || item->st.st_size > FORMAT_WHOLE) {
		/* raw is needed: what is in it must have been stored */
		return read_large(o, item, fd, e) < 0 ? -1 : check_same(fd, item, e);
	}
	if (size > 0) {
		struct packer_chunk *chunk;
		struct entry_piece piece = { 0 };

		if (read_small(o, item, fd, *used, e) < 0)
			return -1;
		room_for(o, *nchunks + 1);
		chunk = &o->chunks[*nchunks];
		*chunk = (struct packer_chunk){ .from = (uint32_t)*used, .size = (uint32_t)size };
		digest_of(packer_digest(o->thread), &chunk->digest, o->raw + *used, size);
		piece.digest = chunk->digest;
		entry_add_piece(&item->entry, &piece);
		*used += size;
		(*nchunks)++;
	}
	return check_same(fd, item, e);
}

/* A file that begins with a hole: its attributes come with that. */
static int
read_hole(struct own *o, struct reading_item *item, struct error *e)
{
	AUTO_CLOSE int fd = open_item(o, item, e);

	return fd < 0 ? -1 : reading_attributes(&item->entry, fd, item->path, e);
}

/* Stores those of the batch's small files that are new, together. */
static int
store_small(struct own *o, size_t nchunks, struct error *e)
{
	size_t at = 0;

	if (nchunks == 0)
		return 0;
	if (packer_claim(o->thread, o->chunks, nchunks, e) < 0)
		return -1;
	for (size_t i = 0; i < nchunks; i++) {
		struct packer_chunk *c = &o->chunks[i];

		if (c->stored)
			continue;
		memmove(o->raw + at, o->raw + c->from, c->size);
		c->from = (uint32_t)at;
		at += c->size;
	}
	return at == 0 ? 0 : packer_store(o->thread, o->raw, at, o->chunks, nchunks, e);
}

/* The store lacks what it was made of. */
static void
read_again(struct reading_item *item)
{
	item->how = READING_WHOLE;
	item->path = xstrdup(item->known->path);
	item->st = item->known->st;
	item->first = true;
	item->from = 0;
	item->length = item->st.st_size;
}

/* Files that were not changed need not be read, when the store has what they were made of: all are asked
 * for at once. */
static int
check_known(struct own *o, struct reading_batch *b, struct error *e)
{
	AUTO_BYTES digests = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct statcache_file *known = b->items[i].known;

		if (known != NULL)
			bytes_add(&digests, known->chunks, known->nchunks * sizeof(struct digest));
	}
	n = digests.len / sizeof(struct digest);
	if (n > o->nplaces) {
		o->nplaces = n;
		o->places = xrealloc(o->places, o->nplaces, sizeof(*o->places));
	}
	if (n == 0 || packer_locate(o->thread, (const struct digest *)(const void *)digests.data, n,
	    o->places, e) < 0)
		return n == 0 ? 0 : -1;
	n = 0;
	for (size_t i = 0; i < b->n; i++) {
		struct reading_item *item = &b->items[i];
		bool all = true;

		for (size_t k = 0; item->known != NULL && k < item->known->nchunks; k++)
			all = all && o->places[n++].packed > 0;
		if (!all)
			read_again(item);
	}
	return 0;
}

static int
work_on(struct own *o, struct reading_batch *b, struct error *e)
{
	size_t used = 0, nchunks = 0;

	if (b->lines.len > 0)
		return packer_put(o->thread, b->lines.data, b->lines.len, &b->digest, e);
	if (check_known(o, b, e) < 0)
		return -1;
	for (size_t i = 0; i < b->n; i++) {
		struct reading_item *item = &b->items[i];
		bool large = item->how == READING_PART || item->st.st_size > FORMAT_WHOLE;

		if (item->how == READING_HOLE && item->first && read_hole(o, item, e) < 0)
			return -1;
		if (item->how != READING_WHOLE && item->how != READING_PART)
			continue;
		if (used > 0 && (large || used + (size_t)item->st.st_size > FORMAT_FRAME)) {
			if (store_small(o, nchunks, e) < 0)
				return -1;
			used = nchunks = 0;
		}
		if (read_item(o, item, &used, &nchunks, e) < 0)
			return -1;
	}
	return store_small(o, nchunks, e);
}

static void
work(void *own, struct crew_job *job)
{
	struct reading_batch *b = (struct reading_batch *)job;

	b->failed = work_on(own, b, &b->error) < 0;
}

const struct crew_type reading_crew = { .begin = begin, .work = work, .end = end };
