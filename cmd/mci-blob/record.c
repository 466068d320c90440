#include "record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "message.h"
#include "scan.h"
#include "timestamp.h"

#define COMPONENT 240

void
record_free(struct record *r)
{
	free(r->name);
	free(r->build);
	*r = (struct record){ 0 };
}

static bool
plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' &&
	    strchr("._-+,@", c) != NULL);
}

static void
escape(struct bytes *into, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";

	for (const char *p = name; *p != '\0'; p++) {
		/* one that begins with a dot is hidden, and never listed */
		bool first = p == name || p[-1] == '/';

		if (*p == '/' || (plain(*p) && !(first && *p == '.'))) {
			bytes_char(into, *p);
			continue;
		}
		bytes_char(into, '%');
		bytes_char(into, digits[(unsigned char)*p >> 4]);
		bytes_char(into, digits[(unsigned char)*p & 15]);
	}
}

int
record_check_name(const char *name, struct error *e)
{
	AUTO_BYTES escaped = { 0 };
	const char *p;

	if (name[0] == '\0' || strlen(name) > RECORD_NAME)
		return error_set(e, ERROR_USAGE, "a name has 1 to %d bytes: \"%s\"", RECORD_NAME, name);
	for (p = name; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return error_set(e, ERROR_USAGE,
			    "a name holds no control characters: byte %zu is 0x%02x",
			    (size_t)(p - name) + 1, (unsigned char)*p);
	}
	escape(&escaped, name);
	for (p = bytes_string(&escaped); p != NULL; p = strchr(p, '/') == NULL ? NULL : strchr(p, '/') + 1) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 3 && strncmp(p, "%2E", 3) == 0) || (n == 4 && strncmp(p, "%2E.", 4) == 0))
			return error_set(e, ERROR_USAGE,
			    "%s: no part of a name is empty, \".\" or \"..\"", name);
		if (n > COMPONENT)
			return error_set(e, ERROR_USAGE, "%s: a part of the name is too long", name);
	}
	return 0;
}

char *
record_object(const char *side, const char *name, bool whole)
{
	AUTO_BYTES path = { 0 };

	bytes_text(&path, side);
	bytes_text(&path, "names/");
	escape(&path, name);
	if (whole)
		bytes_char(&path, '=');
	return bytes_give(&path);
}

void
record_members(struct bytes *into, const struct record *r)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(&r->root, hex);
	emit_text(into, "name", r->name);
	emit_text(into, "digest", hex);
	emit_integer(into, "bytes", r->bytes);
	emit_integer(into, "files", r->files);
	emit_text(into, "scope", r->stranger ? "stranger" : "trusted");
	if (r->build != NULL)
		emit_text(into, "build", r->build);
	if (r->run > 0)
		emit_integer(into, "run", r->run);
	emit_time(into, "created", r->created);
	if (r->used > 0)
		emit_time(into, "used", r->used);
}

void
record_write(struct bytes *into, const struct record *r)
{
	struct digest_state *s = digest_new();
	struct digest sum;
	char hex[DIGEST_HEX + 1];
	size_t from = into->len;
	struct record stored = *r;

	stored.used = 0;
	emit_open(into);
	record_members(into, &stored);
	emit_line(into);
	digest_of(s, &sum, into->data + from, into->len - from - 1);
	digest_free(s);
	digest_hex(&sum, hex);
	bytes_add(into, hex, DIGEST_HEX);
	bytes_char(into, '\n');
}

static int
read_member(struct record *r, const struct scan_member *m, struct error *e)
{
	AUTO_BYTES text = { 0 };
	bool is_text = m->value.type == SCAN_STRING;

	if (is_text && scan_text(&m->value, &text, e) < 0)
		return -1;
	if (span_is(m->key, "name") && is_text)
		r->name = bytes_give(&text);
	else if (span_is(m->key, "build") && is_text)
		r->build = bytes_give(&text);
	else if (span_is(m->key, "digest") && is_text)
		return digest_parse(&r->root, (struct span){ text.data, text.len }) ? 0 :
		    error_set(e, ERROR_INPUT, "digest is none");
	else if (span_is(m->key, "scope") && is_text)
		r->stranger = text.len == 8 && memcmp(text.data, "stranger", 8) == 0;
	else if (span_is(m->key, "created") && is_text)
		return timestamp_parse(text.data, text.len, &r->created, e);
	else if (span_is(m->key, "used") && is_text)
		return timestamp_parse(text.data, text.len, &r->used, e);
	else if (span_is(m->key, "bytes"))
		return scan_integer(&m->value, 0, INT64_MAX, &r->bytes, e);
	else if (span_is(m->key, "files"))
		return scan_integer(&m->value, 0, INT64_MAX, &r->files, e);
	else if (span_is(m->key, "run"))
		return scan_integer(&m->value, 1, INT64_MAX, &r->run, e);
	return 0;
}

int
record_parse(struct record *r, struct span line, struct error *e)
{
	struct scan scan;
	struct scan_member m;
	int more = -1;

	*r = (struct record){ 0 };
	if (scan_open(&scan, line.p, line.n, e) == 0) {
		while ((more = scan_next(&scan, &m, e)) > 0) {
			if (read_member(r, &m, e) < 0) {
				more = -1;
				break;
			}
		}
	}
	if (more == 0 && r->name == NULL)
		more = error_set(e, ERROR_INPUT, "it has no name");
	if (more < 0)
		record_free(r);
	return more;
}

static int
check_sum(struct span text, struct span *line, struct error *e)
{
	const char *end = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);
	struct digest_state *s;
	struct digest is;
	char hex[DIGEST_HEX + 2];

	if (end == NULL || text.p + text.n - end != DIGEST_HEX + 2)
		return error_set(e, ERROR_INPUT, "it is cut short");
	*line = (struct span){ text.p, (size_t)(end - text.p) };
	s = digest_new();
	digest_of(s, &is, line->p, line->n);
	digest_free(s);
	digest_hex(&is, hex);
	hex[DIGEST_HEX] = '\n';
	return memcmp(end + 1, hex, DIGEST_HEX + 1) == 0 ? 0 :
	    error_set(e, ERROR_INPUT, "its sum is another one");
}

int
record_read(struct record *r, struct span text, const char *object, struct error *e)
{
	struct span line;

	*r = (struct record){ 0 };
	if (check_sum(text, &line, e) == 0 && record_parse(r, line, e) == 0)
		return 0;
	return error_before(e, "%s: is damaged: ", object);
}

char *
record_repository(const char *name)
{
	const char *org = strchr(name, '/'), *repo = org == NULL ? NULL : strchr(org + 1, '/');
	const char *end = repo == NULL ? NULL : strchr(repo + 1, '/');

	return end == NULL ? xstrdup(name) : xmemdup(org + 1, (size_t)(end - org - 1));
}
