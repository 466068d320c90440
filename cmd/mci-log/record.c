#include "record.h"

#include "emit.h"
#include "timestamp.h"
#include "utf8.h"

/* What one JSON line carries of a log's line at most. */
#define PIECE 65536

/* RFC 4648 section 4. */
static void
base64(struct bytes *b, const char *from, size_t n)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)from;

	for (; n > 0; p += 3) {
		size_t got = n < 3 ? n : 3;
		unsigned group = (unsigned)p[0] << 16 | (got > 1 ? (unsigned)p[1] << 8 : 0) |
		    (got > 2 ? p[2] : 0U);

		bytes_char(b, digits[group >> 18]);
		bytes_char(b, digits[group >> 12 & 63]);
		bytes_char(b, got > 1 ? digits[group >> 6 & 63] : '=');
		bytes_char(b, got > 2 ? digits[group & 63] : '=');
		n -= got;
	}
}

/* A piece that is followed by more ends before a character that it would cut. */
static size_t
whole_characters(const char *p, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)p[n - back];

		if (c < 0x80)
			return n;
		if (c >= 0xc0)
			return utf8_length(p + n - back, back) == 0 ? n - back : n;
	}
	return n;
}

/* What every line of a source has alike is made once. */
static void
record_head(struct bytes *b, struct source *s)
{
	struct bytes *head = &s->head;

	if (head->len == 0) {
		if (s->build != NULL)
			emit_text(head, "build", s->build);
		if (s->job != NULL) {
			emit_text(head, "job", s->job);
			emit_integer(head, "attempt", s->attempt);
		} else {
			emit_bool(head, "script", true);
		}
		emit_key(head, "line");
	}
	bytes_text(b, s->time > 0 ? "{\"time\":\"" : "{");
	if (s->time > 0) {
		timestamp_write(b, s->time);
		bytes_text(b, "\",");
	}
	bytes_add(b, head->data, head->len);
	bytes_number(b, (int64_t)s->number);
	if (s->stream == 1 || s->stream == 2)
		bytes_text(b, s->stream == 1 ? ",\"stream\":\"stdout\"" : ",\"stream\":\"stderr\"");
}

static void
piece_write(struct bytes *b, struct source *s, struct span text, bool more, bool context)
{
	record_head(b, s);
	if (utf8_valid(text.p, text.n)) {
		bytes_text(b, ",\"text\":");
		emit_string(b, text.p, text.n);
	} else {
		bytes_text(b, ",\"b64\":\"");
		base64(b, text.p, text.n);
		bytes_char(b, '"');
	}
	bytes_text(b, more ? ",\"more\":true" : "");
	bytes_text(b, context ? ",\"context\":true}\n" : "}\n");
}

int
record_piece(struct bytes *into, struct source *s, int64_t *at, int64_t end, bool context,
    struct error *e)
{
	size_t want = end - *at < PIECE ? (size_t)(end - *at) : PIECE;
	struct span piece;
	bool more;

	if (source_piece(s, *at, want, &piece, e) < 0)
		return -1;
	/* a file may be cut under us */
	more = end - *at > PIECE && piece.n == want;
	if (more)
		piece.n = whole_characters(piece.p, piece.n);
	piece_write(into, s, piece, more, context);
	*at += (int64_t)piece.n;
	return more;
}
