#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "scan.h"
#include "utf8.h"

static const char *const kinds[] = { "file", "folder", "symlink", "link" };
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *
entry_kind_name(enum entry_kind kind)
{
	return kinds[kind];
}

/* Base64 (RFC 4648 section 4). */
static void
encode(struct bytes *into, const unsigned char *p, size_t n)
{
	for (; n > 0; p += 3, n -= n < 3 ? n : 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);

		bytes_char(into, letters[v >> 18]);
		bytes_char(into, letters[v >> 12 & 63]);
		bytes_char(into, n > 1 ? letters[v >> 6 & 63] : '=');
		bytes_char(into, n > 2 ? letters[v & 63] : '=');
	}
}

static int
decode(struct bytes *into, struct span text)
{
	size_t padding = 0;

	if (text.n % 4 != 0)
		return -1;
	while (padding < 2 && text.n > padding && text.p[text.n - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < text.n; i += 4) {
		size_t known = i + 4 == text.n ? 4 - padding : 4;
		uint32_t v = 0;

		for (size_t j = 0; j < 4; j++) {
			const char *at = j < known ? memchr(letters, text.p[i + j], 64) : letters;

			if (at == NULL)
				return -1;
			v = v << 6 | (uint32_t)(at - letters);
		}
		for (size_t j = 0; j + 1 < known; j++)
			bytes_char(into, (char)(v >> (16 - 8 * j) & 255));
	}
	return 0;
}

void
entry_add_xattr(struct entry *x, const char *name, const void *value, size_t n)
{
	x->xattrs = xrealloc(x->xattrs, x->nxattrs + 1, sizeof(*x->xattrs));
	x->xattrs[x->nxattrs++] = (struct entry_xattr){ xstrdup(name), xmemdup(value, n), n };
}

void
entry_free(struct entry *x)
{
	for (size_t i = 0; i < x->nxattrs; i++) {
		free(x->xattrs[i].name);
		free(x->xattrs[i].value);
	}
	free(x->xattrs);
	free(x->path);
	free(x->target);
	*x = (struct entry){ 0 };
}

/* ---- written */

static void
write_text(struct bytes *into, const char *key, const char *key64, const char *text)
{
	AUTO_BYTES coded = { 0 };

	if (utf8_valid(text, strlen(text))) {
		emit_text(into, key, text);
		return;
	}
	encode(&coded, (const unsigned char *)text, strlen(text));
	emit_text(into, key64, bytes_string(&coded));
}

/* In octal, as people know it. */
static void
write_mode(struct bytes *into, uint32_t mode)
{
	emit_key(into, "mode");
	bytes_format(into, "\"%o\"", mode);
}

void
entry_write(struct bytes *into, const struct entry *x)
{
	emit_open(into);
	write_text(into, "path", "path64", x->path);
	emit_text(into, "type", kinds[x->kind]);
	if (x->target != NULL)
		write_text(into, "target", "target64", x->target);
	if (x->kind != ENTRY_SYMLINK)
		write_mode(into, x->mode);
	emit_integer(into, "mtime", x->mtime);
	if (x->kind == ENTRY_FILE)
		emit_integer(into, "size", x->size);
	if (x->nxattrs > 0) {
		emit_key(into, "attributes");
		emit_open(into);
		for (size_t i = 0; i < x->nxattrs; i++) {
			AUTO_BYTES coded = { 0 };

			encode(&coded, (const unsigned char *)x->xattrs[i].value, x->xattrs[i].n);
			emit_text(into, x->xattrs[i].name, bytes_string(&coded));
		}
		bytes_char(into, '}');
	}
	emit_line(into);
}

void
entry_write_piece(struct bytes *into, int64_t at, size_t n)
{
	bytes_format(into, "{\"at\":%lld,\"data\":%zu}\n", (long long)at, n);
}

void
entry_write_eof(struct bytes *into)
{
	bytes_text(into, "{\"type\":\"eof\"}\n");
}

/* ---- read */

static int
read_text(char **into, const struct scan_value *v, bool coded, struct error *e)
{
	AUTO_BYTES text = { 0 }, raw = { 0 };

	if (v->type != SCAN_STRING)
		return error_set(e, ERROR_INPUT, "expected a string, found %s", scan_type_name(v->type));
	if (scan_text(v, &text, e) < 0)
		return -1;
	if (coded && decode(&raw, (struct span){ text.data, text.len }) < 0)
		return error_set(e, ERROR_INPUT, "not base64");
	if (coded && memchr(raw.len > 0 ? raw.data : "", '\0', raw.len) != NULL)
		return error_set(e, ERROR_INPUT, "holds a NUL");
	if ((coded ? raw.len : text.len) > ENTRY_PATH)
		return error_set(e, ERROR_LIMIT, "longer than %d bytes", ENTRY_PATH);
	free(*into);
	*into = xstrdup(bytes_string(coded ? &raw : &text));
	return 0;
}

static int
read_kind(struct entry *x, const struct scan_value *v, struct error *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (v->type == SCAN_STRING && scan_text_is(v, kinds[i])) {
			x->kind = (enum entry_kind)i;
			return 0;
		}
	}
	return error_set(e, ERROR_INPUT, "expected file, folder, symlink or link");
}

static int
read_mode(struct entry *x, const struct scan_value *v, struct error *e)
{
	size_t n = v->raw.n;

	x->mode = 0;
	for (size_t i = 1; i + 1 < n; i++) {
		if (v->raw.p[i] < '0' || v->raw.p[i] > '7' || n > 6)
			return error_set(e, ERROR_INPUT, "expected octal digits");
		x->mode = x->mode << 3 | (uint32_t)(v->raw.p[i] - '0');
	}
	return v->type == SCAN_STRING ? 0 : error_set(e, ERROR_INPUT, "expected octal digits in a string");
}

static int
read_xattrs(struct entry *x, const struct scan_value *v, struct error *e)
{
	struct scan_member m;
	struct scan s;
	size_t sum = 0;
	int more;

	if (v->type != SCAN_OBJECT || scan_open(&s, v->raw.p, v->raw.n, e) < 0)
		return error_set(e, ERROR_INPUT, "expected an object of names and values in base64");
	while ((more = scan_next(&s, &m, e)) == 1) {
		const struct scan_value key = { SCAN_STRING, { m.from, m.key.n + 2 } };
		AUTO_BYTES name = { 0 }, text = { 0 }, raw = { 0 };

		if (m.value.type != SCAN_STRING || scan_text(&m.value, &text, e) < 0 ||
		    scan_text(&key, &name, e) < 0 || decode(&raw, (struct span){ text.data, text.len }) < 0)
			return error_set(
			    e, ERROR_INPUT, "expected an object of names and values in base64");
		sum += name.len + raw.len;
		if (sum > ENTRY_XATTRS)
			return error_set(e, ERROR_LIMIT, "more than %d bytes", ENTRY_XATTRS);
		entry_add_xattr(x, bytes_string(&name), raw.len > 0 ? raw.data : "", raw.len);
	}
	return more;
}

struct reading {
	struct entry *entry;
	struct entry_piece piece;
	bool path, kind, data, eof;
};

static int
read_member(struct reading *r, const struct scan_member *m, struct error *e)
{
	struct entry *x = r->entry;
	const struct scan_value *v = &m->value;

	if (span_is(m->key, "path") || span_is(m->key, "path64")) {
		r->path = true;
		return read_text(&x->path, v, m->key.n == 6, e);
	}
	if (span_is(m->key, "target") || span_is(m->key, "target64"))
		return read_text(&x->target, v, m->key.n == 8, e);
	if (span_is(m->key, "type")) {
		r->eof = v->type == SCAN_STRING && scan_text_is(v, "eof");
		r->kind = !r->eof;
		return r->eof ? 0 : read_kind(x, v, e);
	}
	if (span_is(m->key, "mode"))
		return read_mode(x, v, e);
	if (span_is(m->key, "mtime"))
		return scan_integer(v, INT64_MIN, INT64_MAX, &x->mtime, e);
	if (span_is(m->key, "size"))
		return scan_integer(v, 0, INT64_MAX, &x->size, e);
	if (span_is(m->key, "attributes"))
		return read_xattrs(x, v, e);
	if (span_is(m->key, "at"))
		return scan_integer(v, 0, INT64_MAX, &r->piece.at, e);
	if (span_is(m->key, "data")) {
		r->data = true;
		return scan_integer(v, 0, INT64_MAX, &r->piece.n, e);
	}
	return 0;
}

enum entry_line
entry_read(struct entry *x, struct entry_piece *piece, struct span line, struct error *e)
{
	struct reading r = { .entry = x };
	struct scan_member m;
	struct scan s;
	int more;

	entry_free(x);
	if (scan_open(&s, line.p, line.n, e) < 0)
		return ENTRY_BAD;
	while ((more = scan_next(&s, &m, e)) == 1) {
		if (read_member(&r, &m, e) < 0) {
			error_before(e, "%.*s: ", (int)(m.key.n > 40 ? 40 : m.key.n), m.key.p);
			return ENTRY_BAD;
		}
	}
	if (more < 0)
		return ENTRY_BAD;
	if (r.path && r.kind && (x->kind == ENTRY_SYMLINK || x->kind == ENTRY_LINK) && x->target == NULL) {
		error_set(e, ERROR_INPUT, "a link without a target");
		return ENTRY_BAD;
	}
	if (r.path && r.kind)
		return ENTRY_ENTRY;
	*piece = r.piece;
	if (r.data && r.piece.at <= INT64_MAX - r.piece.n)
		return ENTRY_PIECE;
	if (r.eof)
		return ENTRY_EOF;
	error_set(e, ERROR_INPUT,
	    "expected an entry with path and type, a piece with at and data, or "
	    "{\"type\":\"eof\"}");
	return ENTRY_BAD;
}
