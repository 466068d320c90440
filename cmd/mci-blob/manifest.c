#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "chunker.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "scan.h"

/* Chunks in a root: what fits into one chunk. */
#define LINE_MOST (32 * 1024 * 1024)

bool
manifest_cut(struct manifest_writer *w, bool all, struct bytes *chunk)
{
	size_t left = w->lines.len - w->cut, n;

	if (left < FORMAT_CHUNK && !(all && left > 0)) {
		bytes_drop(&w->lines, w->cut);
		w->cut = 0;
		return false;
	}
	n = chunker_cut((const unsigned char *)w->lines.data + w->cut, left, FORMAT_CHUNK);
	chunk->len = 0;
	bytes_add(chunk, w->lines.data + w->cut, n);
	w->cut += n;
	return true;
}

void
manifest_add(struct manifest_writer *w, const struct digest *chunk, size_t size)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(chunk, hex);
	bytes_format(&w->root, "{\"chunk\":\"%s\",\"size\":%zu}\n", hex, size);
}

int
manifest_flush(struct manifest_writer *w, bool all, struct error *e)
{
	AUTO_BYTES chunk = { 0 };
	struct digest d;

	while (manifest_cut(w, all, &chunk)) {
		if (packer_put(w->thread, chunk.data, chunk.len, &d, e) < 0)
			return -1;
		manifest_add(w, &d, chunk.len);
	}
	return 0;
}

int
manifest_finish(struct manifest_writer *w, int64_t files, int64_t bytes, struct digest *root, struct error *e)
{
	AUTO_BYTES text = { 0 };

	if (manifest_flush(w, true, e) < 0)
		return -1;
	emit_open(&text);
	emit_integer(&text, "manifest", 1);
	emit_integer(&text, "files", files);
	emit_integer(&text, "bytes", bytes);
	emit_line(&text);
	bytes_add(&text, w->root.data, w->root.len);
	if (text.len > FORMAT_CHUNK)
		return error_set(e, ERROR_LIMIT, "too many files to save at once");
	return packer_put(w->thread, text.data, text.len, root, e);
}

void
manifest_free(struct manifest_writer *w)
{
	bytes_free(&w->lines);
	bytes_free(&w->root);
}

struct manifest_reader {
	struct unpack *unpack;
	struct digest *chunks;
	size_t n, next, at;
	struct bytes text;
	size_t searched;
};

static int
read_root(struct manifest_reader *r, struct span text, int64_t *files, int64_t *bytes, struct error *e)
{
	const char *p = text.p, *end = text.p + text.n;

	for (bool first = true; p < end; first = false) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		struct span line = { p, newline == NULL ? 0 : (size_t)(newline - p) };
		struct scan_value v;

		if (newline == NULL)
			return error_set(e, ERROR_INPUT, "it is cut short");
		if (first) {
			if (message_integer(line, "manifest", 0) != 1)
				return error_set(e, ERROR_INPUT, "it is none of version 1");
			*files = message_integer(line, "files", 0);
			*bytes = message_integer(line, "bytes", 0);
		} else {
			if (message_member(line.p, line.n, "chunk", &v, e) <= 0 || v.raw.n != DIGEST_HEX + 2)
				return error_set(e, ERROR_INPUT, "a line is no chunk");
			r->chunks = xrealloc(r->chunks, r->n + 1, sizeof(*r->chunks));
			if (!digest_parse(&r->chunks[r->n++], (struct span){ v.raw.p + 1, DIGEST_HEX }))
				return error_set(e, ERROR_INPUT, "a line is no chunk");
		}
		p = newline + 1;
	}
	return 0;
}

struct manifest_reader *
manifest_open(struct unpack *u, const struct digest *root, int64_t *files, int64_t *bytes, struct error *e)
{
	struct manifest_reader *r = xmalloc(sizeof(*r));
	struct span text;

	r->unpack = u;
	if (unpack_find(u, root, &text, e) == 0) {
		if (read_root(r, text, files, bytes, e) == 0)
			return r;
		error_before(e, "manifest: ");
	}
	manifest_close(r);
	return NULL;
}

int
manifest_next(struct manifest_reader *r, struct span *line, struct error *e)
{
	for (;;) {
		const char *newline = r->text.len == r->searched ? NULL :
		    memchr(r->text.data + r->searched, '\n', r->text.len - r->searched);
		struct span piece;

		if (newline != NULL) {
			*line = (struct span){ r->text.data + r->at,
			    (size_t)(newline - r->text.data) - r->at };
			r->at = r->searched = (size_t)(newline - r->text.data) + 1;
			return 1;
		}
		if (r->next == r->n)
			return r->at == r->text.len ? 0 : error_set(e, ERROR_INPUT,
			    "manifest: its end is cut off");
		bytes_drop(&r->text, r->at);
		r->searched = r->text.len;
		r->at = 0;
		if (r->text.len > LINE_MOST)
			return error_set(e, ERROR_LIMIT, "manifest: a line has more than %d bytes",
			    LINE_MOST);
		if (unpack_find(r->unpack, &r->chunks[r->next], &piece, e) < 0)
			return error_before(e, "manifest: ");
		r->next++;
		bytes_add(&r->text, piece.p, piece.n);
	}
}

const struct digest *
manifest_chunks(const struct manifest_reader *r, size_t *n)
{
	*n = r->n;
	return r->chunks;
}

int
manifest_each(struct manifest_reader *r, int (*each)(void *arg, const struct digest *d, struct error *e),
    void *arg, struct error *e)
{
	struct entry x = { 0 };
	struct span line;
	int result = 0, more = 0;

	for (size_t i = 0; i < r->n && result == 0; i++)
		result = each(arg, &r->chunks[i], e);
	while (result == 0 && (more = manifest_next(r, &line, e)) > 0) {
		result = entry_read(&x, line, e);
		for (size_t i = 0; i < x.npieces && result == 0; i++) {
			if (x.pieces[i].hole == 0)
				result = each(arg, &x.pieces[i].digest, e);
		}
	}
	entry_free(&x);
	return result != 0 ? result : more;
}

void
manifest_close(struct manifest_reader *r)
{
	if (r == NULL)
		return;
	free(r->chunks);
	bytes_free(&r->text);
	free(r);
}
