#include "writing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "unpack.h"

struct own {
	const struct writing *w;
	struct unpack *unpack;
	struct digest_state *digest;
	struct bytes parent; /* of dir */
	int dir;
	struct digest *digests;
	struct place *all, *places; /* of the batch, from the item's on */
	size_t room;
	char *buffer;
};

struct writing_item *
writing_add(struct writing_batch *b)
{
	if (b->n == b->room) {
		b->room = b->room == 0 ? 64 : 2 * b->room;
		b->items = xrealloc(b->items, b->room, sizeof(*b->items));
	}
	b->items[b->n] = (struct writing_item){ 0 };
	return &b->items[b->n++];
}

void
writing_free(struct writing_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		entry_free(&b->items[i].entry);
		bytes_free(&b->items[i].lines);
		free(b->items[i].known);
		writing_free_large(b->items[i].large);
	}
	free(b->items);
	free(b);
}

static int
make_parents(int root, const char *path, struct error *e)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *part = xmemdup(path, (size_t)(slash - path));
		const char *name;
		AUTO_CLOSE int dir = writing_parent(root, part, false, &name, e);

		if (dir < 0)
			return -1;
		if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
			return error_sys(e, "mkdir %s", part);
	}
	return 0;
}

int
writing_parent(int root, const char *path, bool make, const char **name, struct error *e)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = slash == NULL ? xstrdup(".") : xmemdup(path, (size_t)(slash - path));
	int fd = kernel.open_beneath(root, parent, O_RDONLY | O_DIRECTORY, 0);

	*name = slash == NULL ? path : slash + 1;
	if (fd < 0 && errno == ENOENT && make) {
		if (make_parents(root, path, e) < 0)
			return -1;
		fd = kernel.open_beneath(root, parent, O_RDONLY | O_DIRECTORY, 0);
	}
	if (fd < 0 && (errno == ELOOP || errno == EXDEV))
		return error_set(e, ERROR_REFUSED,
		    "%s: a symbolic link stands in its way, which is not followed",
		    path);
	return fd < 0 ? error_sys(e, "open the folder of %s", path) : fd;
}

void
writing_fresh(char name[64])
{
	static atomic_uint number;

	snprintf(name, 64, WRITING_FRESH "%d.%u", (int)getpid(), atomic_fetch_add(&number, 1));
}

/* Whoever writes a file holds it. */
static bool
is_left(int dir, const char *name)
{
	AUTO_CLOSE int fd = kernel.open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	return fd >= 0 ? flock(fd, LOCK_EX | LOCK_NB) == 0 : errno == ELOOP;
}

void
writing_clean(int dir)
{
	int fd = kernel.open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, WRITING_FRESH, strlen(WRITING_FRESH)) == 0 &&
		    is_left(dir, entry->d_name))
			(void)names_remove(dir, entry->d_name, NULL);
	}
	closedir(d);
}

int
writing_place(int dir, const char *fresh, const char *name, const char *path, struct error *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	    names_remove_folder(dir, name, e) < 0) {
		(void)names_remove(dir, fresh, NULL);
		return error_set(e, ERROR_REFUSED,
		    "%s: is a folder, and not empty, where a file is to be", path);
	}
	return names_replace(dir, fresh, name, e) < 0 ? error_before(e, "%s: ", path) : 0;
}

static int
set_attribute(void *arg, const char *name, struct span value)
{
	const int *fd = arg;

	/* where the file system has none, files are worth more than their attributes */
	if (strncmp(name, "user.", 5) == 0)
		(void)fsetxattr(*fd, name, value.p, value.n, 0);
	return 0;
}

int
writing_set(int fd, const struct entry *x, struct error *e)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT },
		{ x->mtime / 1000000000, x->mtime % 1000000000 } };

	if (entry_attributes((struct span){ x->attributes.data, x->attributes.len }, set_attribute,
	    &fd, e) < 0)
		return -1;
	if (fchmod(fd, x->mode & 0777) < 0 || futimens(fd, times) < 0)
		return error_sys(e, "set mode and time of %s", x->path.data);
	return 0;
}

static void *
begin(void *arg)
{
	struct own *o = xmalloc(sizeof(*o));

	o->w = arg;
	o->unpack = unpack_begin(o->w->store);
	o->digest = digest_new();
	o->dir = -1;
	o->buffer = xmalloc(FORMAT_CHUNK);
	return o;
}

static void
end(void *own)
{
	struct own *o = own;

	unpack_end(o->unpack);
	digest_free(o->digest);
	bytes_free(&o->parent);
	if (o->dir >= 0)
		close(o->dir);
	free(o->digests);
	free(o->all);
	free(o->buffer);
	free(o);
}

/* Neighbours stand in one folder: it stays open. */
static int
enter(struct own *o, const char *path, const char **name, struct error *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);

	*name = slash == NULL ? path : slash + 1;
	if (o->dir >= 0 && o->parent.len == n && (n == 0 || memcmp(o->parent.data, path, n) == 0))
		return 0;
	if (o->dir >= 0)
		close(o->dir);
	o->parent.len = 0;
	bytes_add(&o->parent, path, n);
	o->dir = writing_parent(o->w->root, path, true, name, e);
	return o->dir < 0 ? -1 : 0;
}

/* Where the chunks of the whole batch are. */
static int
locate(struct own *o, const struct writing_batch *b, struct error *e)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->items[i].entry.npieces;
	if (n > o->room) {
		o->room = 2 * n;
		o->digests = xrealloc(o->digests, o->room, sizeof(*o->digests));
		o->all = xrealloc(o->all, o->room, sizeof(*o->all));
	}
	for (size_t i = 0; i < b->n; i++) {
		const struct entry *x = &b->items[i].entry;

		for (size_t k = 0; k < x->npieces; k++)
			o->digests[at++] = x->pieces[k].digest;
	}
	o->places = o->all;
	return n == 0 ? 0 : o->w->store->type->locate(o->w->store, o->digests, n, false, o->all, e);
}

/* Whether the file that is there holds the same; -1: that cannot be told. */
static int
compare(struct own *o, const struct entry *x, int fd)
{
	int64_t at = 0;

	for (size_t i = 0; i < x->npieces; i++) {
		size_t size = o->places[i].size, done = 0;
		struct digest is;

		if (x->pieces[i].hole > 0) {
			off_t data = lseek(fd, at, SEEK_DATA);

			at += x->pieces[i].hole;
			if (data < 0 ? errno != ENXIO : data < at)
				return -1;
			continue;
		}
		if (o->places[i].packed == 0 || size > FORMAT_CHUNK)
			return -1;
		while (done < size) {
			ssize_t got = kernel.pread(fd, o->buffer + done, size - done, at + (off_t)done);

			if (got <= 0)
				return -1;
			done += (size_t)got;
		}
		digest_of(o->digest, &is, o->buffer, size);
		if (digest_compare(&is, &x->pieces[i].digest) != 0)
			return 0;
		at += (int64_t)size;
	}
	return at == x->size;
}

/* All of them, from the byte on where the file stands. */
static int
write_pieces(struct own *o, const struct entry *x, int fd, int64_t from, struct error *e)
{
	int64_t at = 0;

	for (size_t i = 0; i < x->npieces; i++) {
		struct span bytes;

		if (x->pieces[i].hole > 0) {
			if (x->pieces[i].hole > x->size - at)
				return error_set(e, ERROR_INPUT, "%s: is longer than it says", x->path.data);
			at += x->pieces[i].hole;
			if (lseek(fd, from + at, SEEK_SET) < 0)
				return error_sys(e, "write %s", x->path.data);
			continue;
		}
		if (unpack_chunk(o->unpack, &x->pieces[i].digest, &o->places[i], &bytes, e) < 0)
			return error_before(e, "%s: ", x->path.data);
		if ((int64_t)bytes.n > x->size - at)
			return error_set(e, ERROR_INPUT, "%s: is longer than it says", x->path.data);
		if (kernel_write_all(fd, bytes.p, bytes.n) < 0)
			return error_sys(e, "write %s", x->path.data);
		at += (int64_t)bytes.n;
	}
	if (at != x->size)
		return error_set(e, ERROR_INPUT, "%s: has %lld bytes and not the %lld that it says",
		    x->path.data,
		    (long long)at, (long long)x->size);
	return 0;
}

/* A file that ends in a hole is as long as it says. */
static int
write_end(int fd, const struct entry *x, struct error *e)
{
	if (x->npieces > 0 && x->pieces[x->npieces - 1].hole > 0 && ftruncate(fd, x->size) < 0)
		return error_sys(e, "write %s", x->path.data);
	return writing_set(fd, x, e);
}

static int
create(int dir, const char *path, char fresh[64], struct error *e)
{
	int fd;

	writing_fresh(fresh);
	fd = kernel.open(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_sys(e, "create %s", path);
	(void)flock(fd, LOCK_EX | LOCK_NB); /* writing_clean */
	return fd;
}

static int
write_file(struct own *o, struct writing_item *item, const char *name, struct error *e)
{
	const struct entry *x = &item->entry;
	char fresh[64];
	AUTO_CLOSE int fd = create(o->dir, x->path.data, fresh, e);

	if (fd < 0)
		return -1;
	if (write_pieces(o, x, fd, 0, e) < 0 || write_end(fd, x, e) < 0) {
		(void)names_remove(o->dir, fresh, NULL);
		return -1;
	}
	if (writing_place(o->dir, fresh, name, x->path.data, e) < 0)
		return -1;
	item->written = true;
	return fstat(fd, &item->st) < 0 ? error_sys(e, "stat %s", x->path.data) : 0;
}

static int
write_part(struct own *o, const struct writing_item *item, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(o->dir, item->fresh, O_WRONLY | O_NOFOLLOW, 0);

	if (fd < 0 || lseek(fd, item->from, SEEK_SET) < 0)
		return error_sys(e, "write %s", item->entry.path.data);
	return write_pieces(o, &item->entry, fd, item->from, e);
}

struct writing_large *
writing_begin_large(int dir, const char *name, struct entry *x, struct bytes *lines, struct error *e)
{
	struct writing_large *l = xmalloc(sizeof(*l));

	l->name = xstrdup(name);
	l->dir = dir;
	l->entry = *x;
	l->lines = *lines;
	*x = (struct entry){ 0 };
	*lines = (struct bytes){ 0 };
	l->fd = create(dir, l->entry.path.data, l->fresh, e);
	if (l->fd >= 0)
		return l;
	writing_free_large(l);
	return NULL;
}

int
writing_end_large(struct writing_large *l, struct stat *st, struct error *e)
{
	int result = write_end(l->fd, &l->entry, e);

	if (result == 0 && (result = writing_place(l->dir, l->fresh, l->name, l->entry.path.data, e)) == 0 &&
	    fstat(l->fd, st) < 0)
		result = error_sys(e, "stat %s", l->entry.path.data);
	if (result == 0) {
		close(l->fd);
		l->fd = -1;
	}
	return result;
}

void
writing_free_large(struct writing_large *l)
{
	if (l == NULL)
		return;
	if (l->fd >= 0) {
		(void)names_remove(l->dir, l->fresh, NULL);
		close(l->fd);
	}
	close(l->dir);
	entry_free(&l->entry);
	bytes_free(&l->lines);
	free(l->name);
	free(l);
}

/* Whether mode and time are those of the entry: to set them would change the file's other names as well. */
static bool
is_set(const struct stat *st, const struct entry *x)
{
	return (st->st_mode & 07777) == (x->mode & 0777) &&
	    (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec == x->mtime;
}

static int
work_on(struct own *o, struct writing_item *item, struct error *e)
{
	const struct entry *x = &item->entry;
	const char *name;

	if (enter(o, x->path.data, &name, e) < 0)
		return -1;
	if (item->fresh[0] != '\0')
		return write_part(o, item, e);
	if (item->there) {
		AUTO_CLOSE int fd = kernel.open_beneath(o->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == x->size &&
		    (is_set(&st, x) || st.st_nlink == 1) && compare(o, x, fd) == 1 &&
		    (is_set(&st, x) || writing_set(fd, x, NULL) == 0))
			return fstat(fd, &item->st);
	}
	return write_file(o, item, name, e);
}

static void
work(void *own, struct crew_job *job)
{
	struct writing_batch *b = (struct writing_batch *)job;
	struct own *o = own;

	b->failed = locate(o, b, &b->error) < 0;
	for (size_t i = 0; i < b->n && !b->failed; i++) {
		struct writing_item *item = &b->items[i];

		if (item->known != NULL)
			continue;
		b->failed = work_on(o, item, &b->error) < 0;
		o->places += item->entry.npieces;
	}
}

const struct crew_type writing_crew = { .begin = begin, .work = work, .end = end };
