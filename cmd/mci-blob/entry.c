#include "entry.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "scan.h"
#include "utf8.h"

static const char *const kinds[] = {
	[ENTRY_FILE] = "file", [ENTRY_FOLDER] = "folder", [ENTRY_SYMLINK] = "symlink", [ENTRY_LINK] = "link",
};

void
entry_free(struct entry *x)
{
	bytes_free(&x->path);
	bytes_free(&x->target);
	bytes_free(&x->attributes);
	free(x->pieces);
	*x = (struct entry){ 0 };
}

void
entry_clear(struct entry *x)
{
	x->path.len = x->target.len = x->attributes.len = 0;
	x->npieces = 0;
	x->kind = ENTRY_FILE;
	x->mode = 0;
	x->mtime = x->size = 0;
}

void
entry_add_piece(struct entry *x, const struct entry_piece *piece)
{
	if (x->npieces == x->room) {
		x->room = x->room == 0 ? 4 : 2 * x->room;
		x->pieces = xrealloc(x->pieces, x->room, sizeof(*x->pieces));
	}
	x->pieces[x->npieces++] = *piece;
}

static void
add_base64(struct bytes *into, const void *p, size_t n)
{
	char *at = bytes_reserve(into, n / 3 * 4 + 8);

	into->len += (size_t)EVP_EncodeBlock((unsigned char *)at, p, (int)n);
}

static int
read_base64(struct bytes *into, struct span text, struct error *e)
{
	char *at = bytes_reserve(into, text.n + 4);
	int n = text.n == 0 ? 0 : EVP_DecodeBlock((unsigned char *)at,
	    (const unsigned char *)text.p, (int)text.n);

	if (text.n % 4 != 0 || n < 0)
		return error_set(e, ERROR_INPUT, "is not base64");
	for (size_t i = text.n; i > 0 && text.p[i - 1] == '=' && n > 0 && text.n - i < 2; i--)
		n--;
	into->len += (size_t)n;
	return 0;
}

static void
write_text(struct bytes *into, const char *key, const char *key64, const struct bytes *text)
{
	if (utf8_valid(text->data, text->len)) {
		emit_span(into, key, (struct span){ text->data, text->len });
		return;
	}
	emit_key(into, key64);
	bytes_char(into, '"');
	add_base64(into, text->data, text->len);
	bytes_char(into, '"');
}

void
entry_write_head(struct bytes *into, const char *const *paths, size_t n)
{
	emit_open(into);
	emit_text(into, "mci-blob", "tree");
	emit_integer(into, "version", 1);
	emit_list(into, "paths", paths, n);
	emit_line(into);
}

static void
write_pieces(struct bytes *into, const char *key, const struct entry_piece *pieces, size_t n)
{
	char hex[DIGEST_HEX + 1];

	emit_key(into, key);
	bytes_char(into, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_char(into, ',');
		if (pieces[i].hole > 0) {
			bytes_number(into, pieces[i].hole);
			continue;
		}
		digest_hex(&pieces[i].digest, hex);
		bytes_char(into, '"');
		bytes_add(into, hex, DIGEST_HEX);
		bytes_char(into, '"');
	}
	bytes_char(into, ']');
}

void
entry_write(struct bytes *into, const struct entry *x)
{
	char mode[8];
	size_t done = x->npieces < ENTRY_PIECES ? x->npieces : ENTRY_PIECES;

	emit_open(into);
	write_text(into, "path", "path64", &x->path);
	emit_text(into, "type", kinds[x->kind]);
	if (x->kind == ENTRY_FILE || x->kind == ENTRY_FOLDER) {
		snprintf(mode, sizeof(mode), "%o", x->mode & 07777);
		emit_text(into, "mode", mode);
	}
	if (x->kind != ENTRY_LINK)
		emit_integer(into, "mtime", x->mtime);
	if (x->kind == ENTRY_SYMLINK || x->kind == ENTRY_LINK)
		write_text(into, "target", "target64", &x->target);
	if (x->attributes.len > 0) {
		emit_key(into, "attributes");
		bytes_add(into, x->attributes.data, x->attributes.len);
		bytes_char(into, '}');
	}
	if (x->kind == ENTRY_FILE) {
		emit_integer(into, "size", x->size);
		write_pieces(into, "chunks", x->pieces, done);
	}
	emit_line(into);
	while (done < x->npieces) {
		size_t n = x->npieces - done < ENTRY_PIECES ? x->npieces - done : ENTRY_PIECES;

		emit_open(into);
		write_pieces(into, "more", x->pieces + done, n);
		emit_line(into);
		done += n;
	}
}

/* The object is left open until it is written. */
void
entry_add_attribute(struct entry *x, const char *name, const void *value, size_t n)
{
	if (x->attributes.len == 0)
		bytes_char(&x->attributes, '{');
	emit_key(&x->attributes, name);
	bytes_char(&x->attributes, '"');
	add_base64(&x->attributes, value, n);
	bytes_char(&x->attributes, '"');
}

int
entry_attributes(struct span attributes, int (*each)(void *arg, const char *name,
    struct span value), void *arg,
    struct error *e)
{
	AUTO_BYTES text = { 0 }, value = { 0 };
	struct scan scan;
	struct scan_member m;
	int more = 0;

	if (attributes.n == 0)
		return 0;
	if (scan_open(&scan, attributes.p, attributes.n, e) < 0)
		return -1;
	while ((more = scan_next(&scan, &m, e)) > 0) {
		AUTO_FREE char *name = xmemdup(m.key.p, m.key.n);

		text.len = value.len = 0;
		if (m.value.type != SCAN_STRING || scan_text(&m.value, &text, e) < 0 ||
		    read_base64(&value, (struct span){ text.data, text.len }, e) < 0)
			return error_set(e, ERROR_INPUT, "attribute %s is no base64", name);
		if (each(arg, name, (struct span){ value.data, value.len }) < 0)
			return -1;
	}
	return more;
}

int
entry_check_path(struct span path, struct error *e)
{
	if (path.n == 0 || path.n >= ENTRY_PATH)
		return error_set(e, ERROR_INPUT, "a path of %zu bytes: expected 1 to %d", path.n,
		    ENTRY_PATH - 1);
	for (size_t from = 0, to; from <= path.n; from = to + 1) {
		const char *part = path.p + from;
		size_t n;

		for (to = from; to < path.n && path.p[to] != '/'; to++) {
			if (path.p[to] == '\0')
				return error_set(e, ERROR_INPUT, "a path with a NUL in it");
		}
		n = to - from;
		if (n == 0 || n > 255 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' &&
		    part[1] == '.'))
			return error_set(e, ERROR_INPUT,
			    "path \"%.*s\" leaves the target folder, or has a part that is "
			    "no name", (int)path.n, path.p);
	}
	return 0;
}

static int
read_pieces(struct entry *x, const struct scan_value *v, struct error *e)
{
	struct scan scan;
	struct scan_member m;
	int more;

	if (v->type != SCAN_ARRAY || scan_open(&scan, v->raw.p, v->raw.n, e) < 0)
		return error_set(e, ERROR_INPUT, "chunks are no array");
	while ((more = scan_next(&scan, &m, e)) > 0) {
		struct entry_piece piece = { 0 };

		if (m.value.type == SCAN_STRING) {
			if (!digest_parse(&piece.digest, (struct span){ m.value.raw.p + 1,
			    m.value.raw.n - 2 }))
				return error_set(e, ERROR_INPUT, "a chunk is no digest");
		} else if (scan_integer(&m.value, 1, INT64_MAX, &piece.hole, e) < 0) {
			return -1;
		}
		entry_add_piece(x, &piece);
	}
	return more;
}

static int
read_mode(struct entry *x, struct span text, struct error *e)
{
	x->mode = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '7' || text.n > 4)
			return error_set(e, ERROR_INPUT, "a mode that is none");
		x->mode = x->mode << 3 | (unsigned)(text.p[i] - '0');
	}
	return 0;
}

static int
read_kind(struct entry *x, struct span text, struct error *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (span_is(text, kinds[i])) {
			x->kind = (enum entry_kind)i;
			return 0;
		}
	}
	return error_set(e, ERROR_INPUT, "type \"%.*s\": expected file, folder, symlink or link",
	    (int)text.n, text.p);
}

static int
read_text(struct bytes *into, const struct scan_value *v, bool base64, struct error *e)
{
	AUTO_BYTES text = { 0 };

	into->len = 0;
	if (v->type != SCAN_STRING)
		return error_set(e, ERROR_INPUT, "a path is no text");
	if (!base64)
		return scan_text(v, into, e);
	return scan_text(v, &text, e) < 0 ? -1 : read_base64(into, (struct span){ text.data, text.len }, e);
}

static int
read_member(struct entry *x, const struct scan_member *m, struct error *e)
{
	struct span key = m->key;
	const struct scan_value *v = &m->value;
	struct span inner = { v->raw.p + 1, v->raw.n < 2 ? 0 : v->raw.n - 2 };

	if (span_is(key, "path") || span_is(key, "path64"))
		return read_text(&x->path, v, key.n == 6, e);
	if (span_is(key, "target") || span_is(key, "target64"))
		return read_text(&x->target, v, key.n == 8, e);
	if (span_is(key, "type") && v->type == SCAN_STRING)
		return read_kind(x, inner, e);
	if (span_is(key, "mode") && v->type == SCAN_STRING)
		return read_mode(x, inner, e);
	if (span_is(key, "mtime"))
		return scan_integer(v, INT64_MIN, INT64_MAX, &x->mtime, e);
	if (span_is(key, "size"))
		return scan_integer(v, 0, INT64_MAX, &x->size, e);
	if (span_is(key, "chunks"))
		return read_pieces(x, v, e);
	if (span_is(key, "more")) {
		x->kind = ENTRY_MORE;
		return read_pieces(x, v, e);
	}
	if (span_is(key, "mci-blob"))
		x->kind = ENTRY_HEAD;
	if (span_is(key, "version") && !span_is(v->raw, "1"))
		return error_set(e, ERROR_INPUT, "a manifest of version %.*s", (int)v->raw.n, v->raw.p);
	if (span_is(key, "attributes") && v->type == SCAN_OBJECT)
		bytes_add(&x->attributes, v->raw.p, v->raw.n);
	return 0;
}

int
entry_read(struct entry *x, struct span line, struct error *e)
{
	struct scan scan;
	struct scan_member m;
	int more;

	entry_clear(x);
	if (scan_open(&scan, line.p, line.n, e) < 0)
		return -1;
	while ((more = scan_next(&scan, &m, e)) > 0) {
		if (read_member(x, &m, e) < 0)
			return -1;
	}
	if (more < 0 || x->kind == ENTRY_HEAD || x->kind == ENTRY_MORE)
		return more;
	if (entry_check_path((struct span){ x->path.data, x->path.len }, e) < 0)
		return -1;
	if (x->kind == ENTRY_LINK && entry_check_path((struct span){ x->target.data, x->target.len }, e) < 0)
		return -1;
	if (x->kind == ENTRY_SYMLINK && (x->target.len == 0 || x->target.len >= ENTRY_PATH ||
	    memchr(x->target.data, '\0', x->target.len) != NULL))
		return error_set(e, ERROR_INPUT, "a symbolic link to nothing");
	bytes_string(&x->path);
	if (x->target.len > 0)
		bytes_string(&x->target);
	return 0;
}

int
entry_order(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	/* the end of a path, and a slash, come before every other byte */
	return (*a == '\0' ? 0 : *a == '/' ? 1 : (unsigned char)*a + 2) -
	    (*b == '\0' ? 0 : *b == '/' ? 1 : (unsigned char)*b + 2);
}
