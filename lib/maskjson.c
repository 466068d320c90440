#include "maskjson.h"

#include <stdbool.h>
#include <string.h>

#include "emit.h"
#include "scan.h"

/* The string that begins at p, quotes included. */
static size_t
string_length(const char *p, size_t n)
{
	size_t at = 1;

	while (at < n && p[at] != '"')
		at += p[at] == '\\' ? 2 : 1;
	return at < n ? at + 1 : n;
}

static size_t
number_length(const char *p, size_t n)
{
	size_t at = 0;

	while (at < n && p[at] != '\0' && strchr("+-.0123456789eE", p[at]) != NULL)
		at++;
	return at;
}

static void
string_add(struct mask *m, struct bytes *into, struct span raw)
{
	const struct scan_value v = { SCAN_STRING, raw };
	AUTO_BYTES text = { 0 };
	AUTO_BYTES masked = { 0 };

	if (scan_text(&v, &text, NULL) < 0) {
		/* it holds U+0000: all or nothing */
		if (mask_finds(m, raw.p, raw.n))
			raw = (struct span){ "\"***\"", 5 };
		bytes_add(into, raw.p, raw.n);
	} else if (mask_finds(m, bytes_string(&text), text.len)) {
		mask_text(m, &masked, text.data, text.len);
		emit_string(into, masked.data, masked.len);
	} else {
		bytes_add(into, raw.p, raw.n);
	}
}

static void
number_add(struct mask *m, struct bytes *into, struct span raw)
{
	if (mask_finds(m, raw.p, raw.n))
		bytes_text(into, "\"***\"");
	else
		bytes_add(into, raw.p, raw.n);
}

/* Without an escape nothing is hidden from a look at the text as it is. */
static bool
clean(struct mask *m, const char *json, size_t n)
{
	return mask_empty(m) || (memchr(json, '\\', n) == NULL && !mask_finds(m, json, n));
}

void
maskjson_add(struct mask *m, struct bytes *into, const char *json, size_t n)
{
	size_t length;

	if (clean(m, json, n)) {
		bytes_add(into, json, n);
		return;
	}
	for (size_t at = 0; at < n; at += length) {
		length = json[at] == '"' ? string_length(json + at, n - at) :
		    number_length(json + at, n - at);
		if (length == 0)
			bytes_add(into, json + at, length = 1);
		else if (json[at] == '"')
			string_add(m, into, (struct span){ json + at, length });
		else
			number_add(m, into, (struct span){ json + at, length });
	}
}
