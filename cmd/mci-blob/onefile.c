#include "onefile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "entry.h"
#include "kernel.h"
#include "manifest.h"
#include "memory.h"
#include "standard.h"

/* A file that is being looked for, and then written. */
struct finding {
	struct store *store;
	const struct record *r;
	const struct onefile *wish;
	int fd;
	struct unpack *lines, *chunks;
	struct manifest_reader *manifest;
	struct entry x;
	char *path;          /* that is looked for; NULL: the only one */
	int64_t from, to;    /* of it, to not inside */
	int64_t at;          /* bytes of it that are behind us */
};

int
onefile_write(int fd, struct span bytes, struct error *e)
{
	int done = fd == STDOUT_FILENO ? standard_write(fd, bytes.p, bytes.n) : kernel_write_all(fd,
	    bytes.p, bytes.n);

	return done == 0 ? 0 : error_sys(e, "write");
}

/* ---- which file */

static int
open_manifest(struct finding *f, struct error *e)
{
	int64_t files, bytes;

	manifest_close(f->manifest);
	f->manifest = manifest_open(f->lines, &f->r->root, &files, &bytes, e);
	if (f->manifest == NULL)
		return -1;
	return f->path != NULL || files == 1 ? 0 :
	    error_set(e, ERROR_USAGE, "%s: has %lld files: name one of them behind it, or restore them all",
		f->r->name, (long long)files);
}

static bool
is_meant(const struct finding *f)
{
	return (f->x.kind == ENTRY_FILE || f->x.kind == ENTRY_LINK) &&
	    (f->path == NULL || strcmp(f->x.path.data, f->path) == 0);
}

/* The first line of the file becomes f->x. */
static int
look(struct finding *f, struct error *e)
{
	struct span line;
	int more;

	while ((more = manifest_next(f->manifest, &line, e)) > 0) {
		if (entry_read(&f->x, line, e) < 0)
			return -1;
		if (is_meant(f))
			return 0;
	}
	return more < 0 ? -1 : error_set(e, ERROR_NOT_FOUND, "%s: has no file %s", f->r->name,
	    f->path == NULL ? "" : f->path);
}

/* Of a hard link, what it is a link to, which is a file. */
static int
find(struct finding *f, struct error *e)
{
	if (open_manifest(f, e) < 0 || look(f, e) < 0)
		return -1;
	if (f->x.kind == ENTRY_FILE)
		return 0;
	free(f->path);
	f->path = xstrdup(f->x.target.data);
	if (open_manifest(f, e) < 0 || look(f, e) < 0)
		return -1;
	return f->x.kind == ENTRY_FILE ? 0 : error_set(e, ERROR_INPUT, "%s: is a link to no file", f->path);
}

/* ---- its bytes */

static void
set_range(struct finding *f)
{
	const struct onefile *w = f->wish;
	int64_t size = f->x.size;

	f->from = w->last < 0 ? w->from : w->last < size ? size - w->last : 0;
	f->to = w->last >= 0 || w->upto >= size ? size : w->upto + 1;
}

static int
write_head(const struct finding *f, struct error *e)
{
	AUTO_BYTES line = { 0 };
	char hex[DIGEST_HEX + 1];

	digest_hex(&f->r->root, hex);
	emit_open(&line);
	emit_text(&line, "digest", hex);
	emit_integer(&line, "size", f->x.size);
	emit_time(&line, "modified", f->x.mtime);
	if (f->from < f->to || (f->x.size == 0 && f->wish->from == 0)) {
		emit_integer(&line, "from", f->from);
		emit_integer(&line, "to", f->to);
	}
	emit_line(&line);
	return onefile_write(f->fd, (struct span){ line.data, line.len }, e);
}

/* What of n bytes that begin at f->at is wanted; they are behind us then. */
static struct span
wanted(struct finding *f, const char *p, int64_t n)
{
	int64_t skip = f->from > f->at ? f->from - f->at : 0, end = f->to - f->at;

	f->at += n;
	if (end > n)
		end = n;
	return skip >= end ? (struct span){ p, 0 } : (struct span){ p + skip, (size_t)(end - skip) };
}

static int
write_hole(struct finding *f, int64_t size, struct error *e)
{
	static const char zeros[65536];

	for (int64_t left = size, n; left > 0; left -= n) {
		struct span part;

		n = left < (int64_t)sizeof(zeros) ? left : (int64_t)sizeof(zeros);
		part = wanted(f, zeros, n);
		if (part.n > 0 && onefile_write(f->fd, part, e) < 0)
			return -1;
	}
	return 0;
}

static int
write_chunk(struct finding *f, const struct digest *d, const struct place *p, struct error *e)
{
	struct span bytes, part;

	/* what is not wanted is not read, but for the last one of a file: its size may be anything */
	if (p->packed > 0 && f->at + (int64_t)p->size <= f->from) {
		f->at += (int64_t)p->size;
		return 0;
	}
	if (unpack_chunk(f->chunks, d, p, &bytes, e) < 0)
		return -1;
	part = wanted(f, bytes.p, (int64_t)bytes.n);
	return part.n == 0 ? 0 : onefile_write(f->fd, part, e);
}

/* The pieces of a line, whose places are asked for together. */
static int
write_pieces(struct finding *f, struct error *e)
{
	const struct entry *x = &f->x;
	AUTO_FREE struct digest *digests = xmalloc((x->npieces + 1) * sizeof(*digests));
	AUTO_FREE struct place *places = xmalloc((x->npieces + 1) * sizeof(*places));
	size_t n = 0, k = 0;

	for (size_t i = 0; i < x->npieces; i++) {
		if (x->pieces[i].hole == 0)
			digests[n++] = x->pieces[i].digest;
	}
	if (n > 0 && f->store->type->locate(f->store, digests, n, false, places, e) < 0)
		return -1;
	for (size_t i = 0; i < x->npieces && f->at < f->to; i++) {
		if (x->pieces[i].hole > 0) {
			if (write_hole(f, x->pieces[i].hole, e) < 0)
				return -1;
		} else if (write_chunk(f, &digests[k], &places[k], e) < 0) {
			return -1;
		} else {
			k++;
		}
	}
	return 0;
}

/* All lines of the file, the first being there. */
static int
write_file(struct finding *f, struct error *e)
{
	struct span line;
	int more = 1;

	do {
		if (write_pieces(f, e) < 0)
			return -1;
		if (f->at >= f->to || (more = manifest_next(f->manifest, &line, e)) <= 0)
			break;
		if (entry_read(&f->x, line, e) < 0)
			return -1;
	} while (f->x.kind == ENTRY_MORE);
	return more < 0 ? -1 : 0;
}

int
onefile_get(struct store *store, const struct record *r, const struct onefile *wish, int fd,
    struct error *e)
{
	struct finding f = { .store = store, .r = r, .wish = wish, .fd = fd,
		.lines = unpack_begin(store), .chunks = unpack_begin(store),
		.path = wish->path == NULL ? NULL : xstrdup(wish->path) };
	int result = find(&f, e);

	if (result == 0) {
		set_range(&f);
		if (wish->head)
			result = write_head(&f, e);
		if (result == 0 && f.from < f.to)
			result = write_file(&f, e);
	}
	manifest_close(f.manifest);
	entry_free(&f.x);
	unpack_end(f.lines);
	unpack_end(f.chunks);
	free(f.path);
	return result;
}
