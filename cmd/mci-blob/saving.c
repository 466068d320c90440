#include "saving.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "manifest.h"
#include "memory.h"
#include "option.h"
#include "progress.h"
#include "reading.h"
#include "statcache.h"
#include "verbs.h"
#include "walk.h"

/* Of a batch: raw bytes to be read, and files altogether. A part of a large file is one. */
#define BATCH_BYTES FORMAT_FRAME
#define BATCH_FILES 512
#define PART (32 * 1024 * 1024)
#define SPARSE (64 * 1024)

/* A file of several names, by its first. */
struct known {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct work {
	struct saving *s;
	struct store *store;
	struct record *r;
	struct reading reading;
	struct crew *crew;
	struct walk *walk;
	struct statcache *cache;
	struct manifest_writer manifest;
	struct reading_batch *batch;
	struct entry large; /* whose parts come in */
	struct known *links;
	size_t nlinks, links_room;
	struct progress progress;
};

/* The slot of an inode, or the free one where it would be. */
static struct known *
link_slot(struct known *links, size_t room, dev_t dev, ino_t ino)
{
	size_t at = (size_t)(ino * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (room - 1);

	while (links[at].path != NULL && (links[at].dev != dev || links[at].ino != ino))
		at = (at + 1) & (room - 1);
	return &links[at];
}

/* The path under which this file came before; NULL: it had not, and is known now. */
static const char *
link_of(struct work *w, const struct walk_entry *x)
{
	struct known *slot;

	if (w->nlinks * 2 >= w->links_room) {
		size_t room = w->links_room == 0 ? 256 : 2 * w->links_room;
		struct known *larger = xmalloc(room * sizeof(*larger));

		for (size_t i = 0; i < w->links_room; i++) {
			if (w->links[i].path != NULL)
				*link_slot(larger, room, w->links[i].dev, w->links[i].ino) = w->links[i];
		}
		free(w->links);
		w->links = larger;
		w->links_room = room;
	}
	slot = link_slot(w->links, w->links_room, x->st.st_dev, x->st.st_ino);
	if (slot->path != NULL)
		return slot->path;
	*slot = (struct known){ x->st.st_dev, x->st.st_ino, xstrdup(x->path) };
	w->nlinks++;
	return NULL;
}

static int64_t
nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static void
describe(struct entry *x, enum entry_kind kind, const char *path, const struct stat *st)
{
	x->kind = kind;
	x->path.len = 0;
	bytes_text(&x->path, path);
	x->mode = st->st_mode & 07777;
	x->mtime = nanoseconds(&st->st_mtim);
	x->size = st->st_size;
}

static void
remember(struct work *w, const char *path, const struct stat *st, const struct entry *x, struct span lines,
    int64_t began)
{
	struct statcache_file f = { .path = path, .st = *st, .lines = lines };
	struct digest *chunks = xmalloc((x->npieces + 1) * sizeof(*chunks));

	for (size_t i = 0; i < x->npieces; i++) {
		if (x->pieces[i].hole == 0)
			chunks[f.nchunks++] = x->pieces[i].digest;
	}
	f.chunks = chunks;
	statcache_add(w->cache, &f, began);
	free(chunks);
}

/* A file was read: its lines. */
static void
write_file(struct work *w, const struct reading_item *item, struct entry *x)
{
	size_t from = w->manifest.lines.len;

	describe(x, ENTRY_FILE, item->path, &item->st);
	entry_write(&w->manifest.lines, x);
	w->r->files++;
	w->r->bytes += item->st.st_size;
	if (item->st.st_nlink == 1)
		remember(w, item->path, &item->st, x,
		    (struct span){ w->manifest.lines.data + from, w->manifest.lines.len - from },
		    item->began);
}

static void
write_part(struct work *w, struct reading_item *item)
{
	if (item->first) {
		struct bytes attributes = w->large.attributes;

		entry_clear(&w->large);
		w->large.attributes = item->entry.attributes;
		item->entry.attributes = attributes;
	}
	for (size_t i = 0; i < item->entry.npieces; i++)
		entry_add_piece(&w->large, &item->entry.pieces[i]);
	if (item->how == READING_HOLE) {
		struct entry_piece hole = { .hole = item->length };

		entry_add_piece(&w->large, &hole);
	}
	if (item->last)
		write_file(w, item, &w->large);
}

static void
write_item(struct work *w, struct reading_item *item)
{
	switch (item->how) {
	case READING_WHOLE:
		write_file(w, item, &item->entry);
		return;
	case READING_PART:
	case READING_HOLE:
		write_part(w, item);
		return;
	case READING_KNOWN:
		statcache_keep(w->cache, item->known);
		w->r->files++;
		w->r->bytes += item->known->st.st_size;
		bytes_add(&w->manifest.lines, item->known->lines.p, item->known->lines.n);
		return;
	case READING_READY:
		bytes_add(&w->manifest.lines, item->lines.data, item->lines.len);
	}
}

/* Chunks of the manifest are batches too: they are as much to compress as what has changed. */
static void
give_lines(struct work *w, bool all)
{
	for (;;) {
		struct reading_batch *b = xmalloc(sizeof(*b));

		if (!manifest_cut(&w->manifest, all, &b->lines)) {
			reading_free(b);
			return;
		}
		crew_give(w->crew, &b->job);
	}
}

/* Takes batches that are done, all or what is to be taken now; their lines go into the manifest. */
static int
take(struct work *w, bool all, struct error *e)
{
	struct crew_job *job;

	while ((job = crew_take(w->crew, all)) != NULL) {
		struct reading_batch *b = (struct reading_batch *)job;
		bool failed = b->failed;

		if (failed)
			*e = b->error;
		else if (b->lines.len > 0)
			manifest_add(&w->manifest, &b->digest, b->lines.len);
		for (size_t i = 0; i < b->n && !failed; i++)
			write_item(w, &b->items[i]);
		reading_free(b);
		if (failed)
			return -1;
		give_lines(w, false);
		progress_show(&w->progress, w->r->files, w->r->bytes, 0);
	}
	return 0;
}

static int
give(struct work *w, struct error *e)
{
	if (w->batch == NULL || w->batch->n == 0)
		return 0;
	crew_give(w->crew, &w->batch->job);
	w->batch = NULL;
	return take(w, false, e);
}

static struct reading_batch *
batch(struct work *w)
{
	if (w->batch == NULL)
		w->batch = xmalloc(sizeof(*w->batch));
	return w->batch;
}

static struct reading_item *
add(struct work *w, enum reading_how how, const char *path, const struct stat *st)
{
	return reading_add(batch(w), how, path, st);
}

/* A part is a batch of its own; so is a hole, which is cheap and rare. */
static int
add_part(struct work *w, const struct walk_entry *x, enum reading_how how, int64_t from, int64_t to,
    struct error *e)
{
	for (int64_t at = from, next; at < to; at = next) {
		struct reading_item *item = add(w, how, x->path, &x->st);

		next = how == READING_PART && to - at > PART ? at + PART : to;
		item->from = at;
		item->length = next - at;
		item->first = at == 0;
		item->last = next == x->st.st_size;
		if (give(w, e) < 0)
			return -1;
	}
	return 0;
}

static int
changed(const struct walk_entry *x, struct error *e)
{
	return error_set(e, ERROR_BUSY, "%s: changed while it was saved", x->path);
}

/* What is on the disk of it, and what is not. */
static int
add_sparse(struct work *w, const struct walk_entry *x, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(x->dir, x->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	int64_t at = 0, size = x->st.st_size;

	if (fd < 0)
		return error_sys(e, "open %s", x->path);
	while (at < size) {
		off_t data = lseek(fd, at, SEEK_DATA), hole;

		if (data < 0 && errno != ENXIO)
			return add_part(w, x, READING_PART, at, size, e);
		if (data < 0 || data > size)
			data = size;
		/* attributes come with what is read first */
		if (at == 0 && data > 0 && add_part(w, x, READING_HOLE, 0, data, e) < 0)
			return -1;
		if (at > 0 && data > at && add_part(w, x, READING_HOLE, at, data, e) < 0)
			return -1;
		if (data == size)
			return 0;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0 || hole > size)
			hole = size;
		if (hole <= data)
			return changed(x, e);
		if (add_part(w, x, READING_PART, data, hole, e) < 0)
			return -1;
		at = hole;
	}
	return 0;
}

static int
add_file(struct work *w, const struct walk_entry *x, struct error *e)
{
	const struct statcache_file *known = x->st.st_nlink > 1 || w->s->read_all ? NULL :
	    statcache_find(w->cache, x->path);
	struct reading_item *item;

	if (known != NULL && statcache_holds(known, &x->st)) {
		reading_add_known(batch(w), known);
		return 0;
	}
	if (x->st.st_size >= SPARSE && x->st.st_blocks * 512 < x->st.st_size) {
		if (give(w, e) < 0)
			return -1;
		return add_sparse(w, x, e);
	}
	if (x->st.st_size > FORMAT_WHOLE) {
		if (give(w, e) < 0)
			return -1;
		return add_part(w, x, READING_PART, 0, x->st.st_size, e);
	}
	item = add(w, READING_WHOLE, x->path, &x->st);
	item->first = true;
	w->batch->bytes += (size_t)x->st.st_size;
	return 0;
}

static int
read_symlink(struct entry *x, const struct walk_entry *walked, struct error *e)
{
	char *into = bytes_reserve(&x->target, ENTRY_PATH);
	ssize_t n = readlinkat(walked->dir, walked->name, into, ENTRY_PATH);

	if (n <= 0 || n >= ENTRY_PATH)
		return n < 0 && errno != EINVAL && errno != ENOENT ? error_sys(e, "read %s", walked->path) :
		    changed(walked, e);
	x->target.len = (size_t)n;
	return 0;
}

/* Names are kept as they are, and told to whoever looks at what was saved. */
static int
name_check(const struct work *w, const char *path, const char *shown, struct error *e)
{
	AUTO_BYTES masked = { 0 };

	if (mask_empty(w->s->mask) || !mask_finds(w->s->mask, path, strlen(path)))
		return 0;
	mask_text(w->s->mask, &masked, shown, strlen(shown));
	return error_set(e, ERROR_REFUSED, "%s: a secret stands in its name or in where it links to, which "
	    "others can see; rename it, or leave it out", bytes_string(&masked));
}

/* One that has no content. */
static int
add_ready(struct work *w, enum entry_kind kind, const struct walk_entry *x, const char *target,
    struct error *e)
{
	struct reading_item *item = add(w, READING_READY, x->path, &x->st);
	struct entry *entry = &item->entry;

	describe(entry, kind, x->path, &x->st);
	if (kind == ENTRY_LINK)
		bytes_text(&entry->target, target);
	if ((kind == ENTRY_SYMLINK && (read_symlink(entry, x, e) < 0 ||
	    name_check(w, bytes_string(&entry->target), x->path, e) < 0)) ||
	    (kind == ENTRY_FOLDER && reading_attributes(entry, x->fd, x->path, e) < 0))
		return -1;
	entry_write(&item->lines, entry);
	if (kind == ENTRY_LINK)
		w->r->files++;
	return 0;
}

static int
add_entry(struct work *w, const struct walk_entry *x, struct error *e)
{
	const char *first;
	struct error why;

	if (S_ISREG(x->st.st_mode)) {
		first = x->st.st_nlink > 1 ? link_of(w, x) : NULL;
		return first != NULL ? add_ready(w, ENTRY_LINK, x, first, e) : add_file(w, x, e);
	}
	if (S_ISDIR(x->st.st_mode))
		return add_ready(w, ENTRY_FOLDER, x, NULL, e);
	if (S_ISLNK(x->st.st_mode))
		return add_ready(w, ENTRY_SYMLINK, x, NULL, e);
	if (!w->s->quiet) {
		error_set(&why, ERROR_INPUT, "%s: is left out: no file, folder or symbolic link", x->path);
		option_complain(PROGRAM, &why);
	}
	return 0;
}

static int
walk_all(struct work *w, struct error *e)
{
	struct walk_entry x;
	int more;

	while ((more = walk_next(w->walk, &x, e)) > 0) {
		if (name_check(w, x.path, x.path, e) < 0 || add_entry(w, &x, e) < 0)
			return -1;
		if (w->batch != NULL && (w->batch->bytes >= BATCH_BYTES || w->batch->n >= BATCH_FILES) &&
		    give(w, e) < 0)
			return -1;
	}
	if (more < 0 || give(w, e) < 0 || take(w, true, e) < 0)
		return -1;
	give_lines(w, true);
	return take(w, true, e);
}

static int
save(struct work *w, struct error *e)
{
	size_t ntops;
	const char *const *tops;

	w->walk = walk_open(w->reading.root, w->s->paths, w->s->npaths, w->s->excludes, w->s->nexcludes, e);
	if (w->walk == NULL)
		return -1;
	tops = walk_tops(w->walk, &ntops);
	w->cache = statcache_open(w->reading.root, tops, ntops);
	w->crew = crew_new(&reading_crew, &w->reading, e);
	if (w->crew == NULL)
		return -1;
	entry_write_head(&w->manifest.lines, tops, ntops);
	if (walk_all(w, e) < 0 || manifest_finish(&w->manifest, w->r->files, w->r->bytes,
	    &w->r->root, e) < 0 ||
	    packer_finish(w->reading.packer, e) < 0)
		return -1;
	w->s->stored = packer_stored(w->reading.packer);
	w->r->created = kernel.wall();
	return w->store->type->commit(w->store, w->r, e);
}

static void
clean_up(struct work *w, bool well)
{
	struct crew_job *job;

	while (w->crew != NULL && (job = crew_take(w->crew, true)) != NULL)
		reading_free((struct reading_batch *)job);
	crew_free(w->crew);
	if (w->batch != NULL)
		reading_free(w->batch);
	walk_close(w->walk);
	statcache_close(w->cache, well);
	manifest_free(&w->manifest);
	packer_end(w->manifest.thread);
	packer_free(w->reading.packer);
	entry_free(&w->large);
	for (size_t i = 0; i < w->links_room; i++)
		free(w->links[i].path);
	free(w->links);
	progress_end(&w->progress);
}

int
saving_run(struct saving *s, struct store *store, struct record *r, struct error *e)
{
	struct work w = { .s = s, .store = store, .r = r };
	AUTO_CLOSE int root = kernel.open(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	int result;

	if (root < 0)
		return error_sys(e, "open .");
	r->files = r->bytes = 0;
	w.reading.root = root;
	w.reading.packer = packer_new(store);
	w.manifest.thread = packer_begin(w.reading.packer);
	progress_begin(&w.progress, "saving", s->quiet);
	result = save(&w, e);
	clean_up(&w, result == 0);
	return result;
}
