#include "restoring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descent.h"
#include "jsontext.h"
#include "kernel.h"
#include "manifest.h"
#include "memory.h"
#include "names.h"
#include "progress.h"
#include "scan.h"
#include "statcache.h"
#include "writing.h"

#define BATCH_BYTES FORMAT_FRAME
#define BATCH_FILES 256
/* Of a file that several write, and so many pieces make it one. */
#define PART (4 * 1024 * 1024)
#define PART_PIECES 8
/* The lines of one file that are held: 64 GB of it. */
#define LINES_MOST (16 * 1024 * 1024)

struct work {
	struct restoring *s;
	struct writing writing;
	const struct record *r;
	struct unpack *unpack;
	struct crew *crew;
	struct statcache *cache;
	struct writing_batch *batch;
	struct progress progress;
	int64_t files, bytes, total;
	bool killed; /* a restore before this one: what it left is removed */
	bool again; /* links, or folders to be set, are left for later passes */
	bool links; /* there are any */
	/* the folder of the last entry */
	struct bytes parent;
	int dir;
	struct descent look; /* what is there already */
	size_t given; /* batches that are under way */
	struct writing_large *large; /* not all of its parts are given */
	struct bytes top; /* the last path that is below no other */
};

/* Reads whole entries: a file's with all its lines. */
struct entries {
	struct manifest_reader *manifest;
	struct bytes ahead; /* a line that was read too far */
	bool has_ahead;
};

static bool
is_more(struct span line)
{
	return line.n > 7 && memcmp(line.p, "{\"more\"", 7) == 0;
}

/* All lines of the next entry. 1, 0 at the end, -1. */
static int
next_lines(struct entries *r, struct bytes *lines, struct error *e)
{
	struct span line = { r->ahead.data, r->ahead.len };
	int there = 1;

	if (!r->has_ahead && (there = manifest_next(r->manifest, &line, e)) <= 0)
		return there;
	lines->len = 0;
	bytes_add(lines, line.p, line.n);
	bytes_char(lines, '\n');
	r->has_ahead = false;
	while ((there = manifest_next(r->manifest, &line, e)) > 0) {
		if (!is_more(line)) {
			r->ahead.len = 0;
			bytes_add(&r->ahead, line.p, line.n);
			r->has_ahead = true;
			break;
		}
		bytes_add(lines, line.p, line.n);
		bytes_char(lines, '\n');
		if (lines->len > LINES_MOST)
			return error_set(e, ERROR_INPUT, "manifest: too many chunks of one file");
	}
	return there < 0 ? -1 : 1;
}

/* What the lines say; more is room for one. */
static int
read_entry(struct entry *x, const struct bytes *lines, struct entry *more, struct error *e)
{
	const char *p = lines->data, *end = lines->data + lines->len;
	const char *newline = memchr(p, '\n', lines->len);

	if (entry_read(x, (struct span){ p, (size_t)(newline - p) }, e) < 0)
		return error_before(e, "manifest: ");
	for (p = newline + 1; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (x->kind != ENTRY_FILE ||
		    entry_read(more, (struct span){ p, (size_t)(newline - p) }, e) < 0)
			return error_set(e, ERROR_INPUT, "manifest: chunks that are no file's");
		for (size_t i = 0; i < more->npieces; i++)
			entry_add_piece(x, &more->pieces[i]);
	}
	return 0;
}

static int64_t
nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* The folder of path, which stays open until another one is asked for. */
static int
enter(struct work *w, const char *path, const char **name, struct error *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);

	*name = slash == NULL ? path : slash + 1;
	if (w->dir >= 0 && w->parent.len == n && (n == 0 || memcmp(w->parent.data, path, n) == 0))
		return w->dir;
	if (w->dir >= 0)
		close(w->dir);
	w->parent.len = 0;
	bytes_add(&w->parent, path, n);
	w->dir = writing_parent(w->writing.root, path, true, name, e);
	return w->dir;
}

/* A file is as it is to be. */
static void
remember(struct work *w, const struct entry *x, const struct bytes *lines, const struct stat *st)
{
	struct statcache_file f = { .path = x->path.data, .st = *st, .lines = { lines->data, lines->len } };
	struct digest *chunks;

	if (st->st_nlink > 1)
		return;
	chunks = xmalloc((x->npieces + 1) * sizeof(*chunks));
	for (size_t i = 0; i < x->npieces; i++) {
		if (x->pieces[i].hole == 0)
			chunks[f.nchunks++] = x->pieces[i].digest;
	}
	f.chunks = chunks;
	statcache_add(w->cache, &f, kernel.wall());
	free(chunks);
}

static int
take_item(struct work *w, struct writing_item *item, struct error *e)
{
	struct writing_large *l = item->large;

	if (item->known != NULL) {
		statcache_keep(w->cache, item->known);
		return 0;
	}
	/* the parts before this one were taken: they are written */
	if (l != NULL && writing_end_large(l, &item->st, e) < 0)
		return -1;
	if (item->fresh[0] != '\0' && l == NULL)
		return 0;
	item->written = item->written || l != NULL;
	w->s->written += item->written;
	w->again = w->again || item->written;
	remember(w, l != NULL ? &l->entry : &item->entry, l != NULL ? &l->lines : &item->lines, &item->st);
	return 0;
}

static int
take(struct work *w, bool all, struct error *e)
{
	struct crew_job *job;

	while ((job = crew_take(w->crew, all)) != NULL) {
		struct writing_batch *b = (struct writing_batch *)job;

		int result = b->failed ? -1 : 0;

		w->given--;
		if (b->failed)
			*e = b->error;
		for (size_t i = 0; i < b->n && result == 0; i++)
			result = take_item(w, &b->items[i], e);
		writing_free(b);
		if (result < 0)
			return -1;
		progress_show(&w->progress, w->files, w->bytes, w->total);
	}
	return 0;
}

static int
give(struct work *w, struct error *e)
{
	if (w->batch == NULL || w->batch->n == 0)
		return 0;
	crew_give(w->crew, &w->batch->job);
	w->given++;
	w->batch = NULL;
	return take(w, false, e);
}

static struct writing_item *
add(struct work *w)
{
	if (w->batch == NULL)
		w->batch = xmalloc(sizeof(*w->batch));
	return writing_add(w->batch);
}

static int
give_full(struct work *w, struct error *e)
{
	return w->batch->bytes < BATCH_BYTES && w->batch->n < BATCH_FILES ? 0 : give(w, e);
}

static int
bounds(struct work *w, int64_t size, struct error *e)
{
	w->files++;
	w->bytes += size;
	if (w->s->most_files > 0 && w->files > w->s->most_files)
		return error_set(e, ERROR_LIMIT, "%s: has more than %lld files (--max-files)", w->r->name,
		    (long long)w->s->most_files);
	if (w->s->most_bytes > 0 && w->bytes > w->s->most_bytes)
		return error_set(e, ERROR_LIMIT, "%s: has more than %lld bytes (--max-size)", w->r->name,
		    (long long)w->s->most_bytes);
	return 0;
}

/* The file that the cache knows next, when the lines are its own and it still is what they say: 1. */
static int
add_known(struct work *w, const struct bytes *lines, struct error *e)
{
	const struct statcache_file *known = statcache_next(w->cache);
	const char *name;
	struct stat st;
	int dir;

	if (known == NULL || known->lines.n != lines->len ||
	    memcmp(known->lines.p, lines->data, lines->len) != 0)
		return 0;
	dir = descent_enter(&w->look, known->path, &name);
	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    !statcache_holds(known, &st))
		return 0;
	if (bounds(w, known->st.st_size, e) < 0)
		return -1;
	known = statcache_find(w->cache, known->path);
	/* in the order of the others */
	if (w->given == 0 && w->batch == NULL) {
		statcache_keep(w->cache, known);
		return 1;
	}
	add(w)->known = statcache_copy(known);
	return give_full(w, e) < 0 ? -1 : 1;
}

/* How many bytes each piece of a file has; NULL: the store lacks one, or that cannot be told. The caller
 * frees. */
static int64_t *
sizes_of(struct work *w, const struct entry *x)
{
	AUTO_FREE struct digest *digests = xmalloc((x->npieces + 1) * sizeof(*digests));
	AUTO_FREE struct place *places = xmalloc((x->npieces + 1) * sizeof(*places));
	int64_t *sizes = xmalloc((x->npieces + 1) * sizeof(*sizes)), left = x->size;
	struct error unsaid;

	for (size_t i = 0; i < x->npieces; i++)
		digests[i] = x->pieces[i].digest;
	if (w->writing.store->type->locate(w->writing.store, digests, x->npieces, false, places, &unsaid) < 0)
		left = -1;
	for (size_t i = 0; i < x->npieces && left >= 0; i++) {
		bool hole = x->pieces[i].hole > 0;

		sizes[i] = hole ? x->pieces[i].hole : places[i].size;
		left = sizes[i] > left || (places[i].packed == 0 && !hole) ? -1 : left - sizes[i];
	}
	if (left == 0)
		return sizes;
	free(sizes);
	return NULL;
}

/* The pieces from one on that make a part, as an item; which piece comes behind them. */
static size_t
add_part(struct work *w, const struct writing_large *l, const int64_t *sizes, size_t piece, int64_t from)
{
	struct writing_item *item = add(w);
	struct entry *x = &item->entry;

	bytes_add(&x->path, l->entry.path.data, l->entry.path.len);
	bytes_string(&x->path);
	memcpy(item->fresh, l->fresh, sizeof(item->fresh));
	item->from = from;
	for (; piece < l->entry.npieces && x->size < PART; piece++) {
		entry_add_piece(x, &l->entry.pieces[piece]);
		x->size += sizes[piece];
	}
	return piece;
}

/* A large file is written by all threads. */
static int
add_large(struct work *w, struct entry *x, struct bytes *lines, const int64_t *sizes, struct error *e)
{
	const char *name;
	int dir = enter(w, x->path.data, &name, e), own;
	int64_t from = 0;

	if (dir < 0 || give(w, e) < 0)
		return -1;
	own = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return error_sys(e, "open the folder of %s", x->path.data);
	w->large = writing_begin_large(own, name, x, lines, e);
	if (w->large == NULL)
		return -1;
	for (size_t piece = 0, n = w->large->entry.npieces; piece < n;) {
		struct writing_item *item;

		piece = add_part(w, w->large, sizes, piece, from);
		item = &w->batch->items[w->batch->n - 1];
		from += item->entry.size;
		if (piece == n) {
			item->large = w->large;
			w->large = NULL;
		}
		if (give(w, e) < 0)
			return -1;
	}
	return 0;
}

/* x's contents are given away. */
static int
add_file(struct work *w, struct entry *x, struct bytes *lines, struct error *e)
{
	const char *name;
	int dir = descent_enter(&w->look, x->path.data, &name);
	AUTO_FREE int64_t *sizes = NULL;
	struct writing_item *item;
	struct stat st;
	bool there = dir >= 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == x->size;

	if (!there && x->npieces >= PART_PIECES && (sizes = sizes_of(w, x)) != NULL)
		return add_large(w, x, lines, sizes, e);
	item = add(w);
	item->there = there;
	item->lines = *lines;
	item->entry = *x;
	*lines = (struct bytes){ 0 };
	*x = (struct entry){ 0 };
	w->batch->bytes += item->entry.size;
	return give_full(w, e);
}

static int
add_folder(struct work *w, const struct entry *x, struct error *e)
{
	const char *name;
	int dir = descent_enter(&w->look, x->path.data, &name);
	struct stat st;
	bool there = dir >= 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (there && S_ISDIR(st.st_mode)) {
		w->again = w->again || (st.st_mode & 0777) != (x->mode & 0777) ||
		    nanoseconds(&st.st_mtim) != x->mtime;
		return 0;
	}
	dir = enter(w, x->path.data, &name, e);
	if (dir < 0 || (there && names_remove(dir, name, e) < 0))
		return -1;
	w->again = true;
	/* what it is to be is set when all is in it */
	return mkdirat(dir, name, 0700) == 0 ? 0 : error_sys(e, "mkdir %s", x->path.data);
}

static int
add_symlink(struct work *w, const struct entry *x, struct error *e)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT }, { x->mtime / 1000000000,
	    x->mtime % 1000000000 } };
	char target[ENTRY_PATH], fresh[64];
	const char *name;
	int dir = descent_enter(&w->look, x->path.data, &name);
	ssize_t n = dir < 0 ? -1 : readlinkat(dir, name, target, sizeof(target));

	if (n == (ssize_t)x->target.len && memcmp(target, x->target.data, x->target.len) == 0)
		return 0;
	dir = enter(w, x->path.data, &name, e);
	if (dir < 0)
		return -1;
	w->again = true;
	writing_fresh(fresh);
	if (symlinkat(x->target.data, dir, fresh) < 0)
		return error_sys(e, "create %s", x->path.data);
	(void)utimensat(dir, fresh, times, AT_SYMLINK_NOFOLLOW);
	return writing_place(dir, fresh, name, x->path.data, e);
}

static bool
same_file(struct work *w, const struct entry *x)
{
	struct stat a, b;
	AUTO_CLOSE int one = kernel.open_beneath(w->writing.root, x->path.data, O_PATH | O_NOFOLLOW, 0);
	AUTO_CLOSE int other = kernel.open_beneath(w->writing.root, x->target.data, O_PATH | O_NOFOLLOW, 0);

	return one >= 0 && other >= 0 && fstat(one, &a) == 0 && fstat(other, &b) == 0 &&
	    a.st_ino == b.st_ino &&
	    a.st_dev == b.st_dev;
}

/* Both are reached through folders that are open: no link of another can send it elsewhere. */
static int
make_link(struct work *w, const struct entry *x, struct error *e)
{
	const char *name, *target;
	char fresh[64];
	AUTO_CLOSE int from = writing_parent(w->writing.root, x->target.data, false, &target, e);
	int dir = enter(w, x->path.data, &name, e);
	struct stat st;

	if (from < 0 || dir < 0)
		return -1;
	if (fstatat(from, target, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return error_set(e, ERROR_INPUT, "%s: is a link to %s, which is no file",
		    x->path.data, x->target.data);
	if (same_file(w, x))
		return 0;
	writing_fresh(fresh);
	if (linkat(from, target, dir, fresh, 0) < 0)
		return error_sys(e, "link %s", x->path.data);
	return writing_place(dir, fresh, name, x->path.data, e);
}

static int
set_folder(struct work *w, const struct entry *x, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open_beneath(w->writing.root, x->path.data,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	return fd < 0 ? error_sys(e, "open %s", x->path.data) : writing_set(fd, x, e);
}

static int
first_pass(struct work *w, struct entry *x, struct bytes *lines, struct error *e)
{
	if (x->kind == ENTRY_HEAD)
		return 0;
	if (bounds(w, x->kind == ENTRY_FILE ? x->size : 0, e) < 0)
		return -1;
	switch (x->kind) {
	case ENTRY_FILE:
		return add_file(w, x, lines, e);
	case ENTRY_FOLDER:
		return add_folder(w, x, e);
	case ENTRY_SYMLINK:
		return add_symlink(w, x, e);
	case ENTRY_LINK:
		w->links = true;
		w->again = w->again || !same_file(w, x);
		return 0;
	default:
		return error_set(e, ERROR_INPUT, "manifest: chunks without a file");
	}
}

static int
second_pass(struct work *w, struct entry *x, struct bytes *lines, struct error *e)
{
	(void)lines;
	return x->kind == ENTRY_LINK ? make_link(w, x, e) : 0;
}

/* When nothing is put into folders any more. */
static int
third_pass(struct work *w, struct entry *x, struct bytes *lines, struct error *e)
{
	(void)lines;
	return x->kind == ENTRY_FOLDER ? set_folder(w, x, e) : 0;
}

/* Takes away what a killed restore was about to put into its place, in each folder of the tree, and in
 * those that its tops stand in. */
static int
clean(struct work *w, struct entry *x, struct bytes *lines, struct error *e)
{
	bool below = w->top.len > 0 && x->path.len > w->top.len && x->path.data[w->top.len] == '/' &&
	    memcmp(x->path.data, w->top.data, w->top.len) == 0;
	AUTO_CLOSE int fd = x->kind != ENTRY_FOLDER ? -1 : kernel.open_beneath(w->writing.root, x->path.data,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	const char *name;
	int dir;

	(void)lines;
	if (fd >= 0)
		writing_clean(fd);
	if (x->kind == ENTRY_HEAD || below)
		return 0;
	w->top.len = 0;
	bytes_add(&w->top, x->path.data, x->path.len);
	dir = enter(w, x->path.data, &name, e);
	if (dir >= 0)
		writing_clean(dir);
	return dir < 0 ? -1 : 0;
}

/* Opens the statcache when the head has told the paths. */
static void
open_cache(struct work *w, struct span head)
{
	const char **paths;
	char *text;
	size_t n;

	paths = jsontext_list(head, "paths", &text, &n);
	w->cache = statcache_open(w->writing.root, paths, n);
	w->killed = statcache_written(w->cache);
	free(paths);
	free(text);
}

/* quick, which may be NULL, is asked before the lines are read: 1 when that is not needed any more. */
static int
each_entry(struct work *w, int (*quick)(struct work *w, const struct bytes *lines, struct error *e),
    int (*each)(struct work *w, struct entry *x, struct bytes *lines, struct error *e), struct error *e)
{
	struct entries r = { 0 };
	struct entry x = { 0 }, more = { 0 };
	struct bytes lines = { 0 };
	int64_t files;
	int result;

	r.manifest = manifest_open(w->unpack, &w->r->root, &files, &w->total, e);
	if (r.manifest == NULL)
		return -1;
	while ((result = next_lines(&r, &lines, e)) > 0) {
		int done = quick != NULL && w->cache != NULL ? quick(w, &lines, e) : 0;

		if (done > 0)
			continue;
		if (done < 0 || read_entry(&x, &lines, &more, e) < 0) {
			result = -1;
			break;
		}
		if (x.kind == ENTRY_HEAD && w->cache == NULL)
			open_cache(w, (struct span){ lines.data, lines.len - 1 });
		if (w->cache == NULL)
			result = error_set(e, ERROR_INPUT, "manifest: it has no head");
		else
			result = each(w, &x, &lines, e);
		if (result < 0)
			break;
	}
	manifest_close(r.manifest);
	bytes_free(&r.ahead);
	bytes_free(&lines);
	entry_free(&x);
	entry_free(&more);
	return result;
}

/* Of a tree that is there in part. */
static int
set_what_is(struct work *w, struct entry *x, struct bytes *lines, struct error *e)
{
	(void)third_pass(w, x, lines, e);
	return 0;
}

/* What could not be restored to its end leaves no folder that nobody else may enter. */
static int
fail(struct work *w)
{
	struct error unsaid;

	(void)each_entry(w, NULL, set_what_is, &unsaid);
	return -1;
}

static int
restore(struct work *w, struct error *e)
{
	w->crew = crew_new(&writing_crew, &w->writing, e);
	if (w->crew == NULL)
		return -1;
	if (each_entry(w, add_known, first_pass, e) < 0 || give(w, e) < 0 || take(w, true, e) < 0)
		return fail(w);
	if (w->killed && each_entry(w, NULL, clean, e) < 0)
		return -1;
	if (!w->again && !w->killed)
		return 0;
	return w->links && each_entry(w, NULL, second_pass, e) < 0 ? -1 : each_entry(w, NULL, third_pass, e);
}

int
restoring_run(struct restoring *s, struct store *store, const struct record *r, struct error *e)
{
	AUTO_CLOSE int root = kernel.open(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	struct work w = { .s = s, .r = r, .writing = { store, root }, .dir = -1, .look = { .root = root } };
	struct crew_job *job;
	int result;

	if (root < 0)
		return error_sys(e, "open .");
	w.unpack = unpack_begin(store);
	progress_begin(&w.progress, "restoring", s->quiet);
	result = restore(&w, e);
	while (w.crew != NULL && (job = crew_take(w.crew, true)) != NULL)
		writing_free((struct writing_batch *)job);
	crew_free(w.crew);
	writing_free_large(w.large);
	if (w.batch != NULL)
		writing_free(w.batch);
	statcache_close(w.cache, result == 0);
	unpack_end(w.unpack);
	bytes_free(&w.parent);
	bytes_free(&w.top);
	descent_end(&w.look);
	if (w.dir >= 0)
		close(w.dir);
	progress_end(&w.progress);
	return result;
}
