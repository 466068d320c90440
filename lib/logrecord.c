#include "logrecord.h"

#include "emit.h"
#include "timestamp.h"
#include "utf8.h"

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

size_t
logrecord_whole(const char *p, size_t n)
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

void
logrecord_head(struct bytes *into, const char *build, const char *job, int attempt)
{
	if (build != NULL)
		emit_text(into, "build", build);
	if (job != NULL) {
		emit_text(into, "job", job);
		emit_integer(into, "attempt", attempt);
	} else {
		emit_bool(into, "script", true);
	}
	emit_key(into, "line");
}

void
logrecord_write(struct bytes *b, const struct logrecord *r)
{
	bytes_text(b, r->time > 0 ? "{\"time\":\"" : "{");
	if (r->time > 0) {
		timestamp_write(b, r->time);
		bytes_text(b, "\",");
	}
	bytes_add(b, r->head.p, r->head.n);
	bytes_number(b, r->number);
	if (r->stream == 1 || r->stream == 2)
		bytes_text(b, r->stream == 1 ? ",\"stream\":\"stdout\"" : ",\"stream\":\"stderr\"");
	if (utf8_valid(r->text.p, r->text.n)) {
		bytes_text(b, ",\"text\":");
		emit_string(b, r->text.p, r->text.n);
	} else {
		bytes_text(b, ",\"b64\":\"");
		base64(b, r->text.p, r->text.n);
		bytes_char(b, '"');
	}
	bytes_text(b, r->more ? ",\"more\":true" : "");
	bytes_text(b, r->context ? ",\"context\":true}\n" : "}\n");
}
