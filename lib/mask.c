#include "mask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emit.h"
#include "encodings.h"
#include "finding.h"
#include "kernel.h"
#include "memory.h"
#include "scan.h"

static const char stars[] = "***";

_Static_assert(MASK_SHORTEST >= NEEDLES_SHORTEST, "what may be masked can be found");

struct mask {
	struct finding finding;
	size_t secrets, total;
	struct bytes given;
	size_t first; /* needle of what is being added */
	struct bytes joined; /* what a stream held and what came */
	struct bytes out;
};

/* Words that stand in logs without anybody meaning the secret, and those that mci's own events are made of;
 * in order, in lower case. Shorter ones are refused anyway. */
static const char *const common[] = {
	"000000", "111111", "123123", "123456", "1234567", "12345678", "123456789", "1234567890",
	"admin123", "administrator", "canceled", "changeit", "changeme", "default", "development",
	"disabled", "enabled", "example", "failure", "github", "gitlab", "letmein", "localhost", "master",
	"mysecret", "nobody", "passw0rd", "passwd", "password", "password1", "pending", "postgres",
	"private", "production", "public", "qwerty", "release", "running", "secret", "secrets",
	"skipped", "staging", "string", "success", "testing", "timeout", "undefined", "unknown",
	"username", "welcome",
};

static int
compare_word(const void *word, const void *row)
{
	return strcasecmp(word, *(const char *const *)row);
}

static bool
is_common(const char *p, size_t n)
{
	char word[32];

	if (n >= sizeof(word) || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(word, p, n);
	word[n] = '\0';
	return bsearch(word, common, sizeof(common) / sizeof(common[0]), sizeof(common[0]),
	    compare_word) != NULL;
}

static bool
is_one_byte(const char *p, size_t n)
{
	return n == 0 || memcmp(p, p + 1, n - 1) == 0;
}

/* Without the white space around it. */
static struct span
trim(const char *p, size_t n)
{
	while (n > 0 && decode_blank(p[n - 1]))
		n--;
	while (n > 0 && decode_blank(p[0])) {
		p++;
		n--;
	}
	return (struct span){ p, n };
}

/* How long it is when each run of white space counts as one byte. */
static size_t
length(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += !decode_blank(s.p[i]) || !decode_blank(s.p[i - 1]);
	return n;
}

static int
check(struct span s, struct error *e)
{
	if (length(s) < MASK_SHORTEST)
		return error_set(e, ERROR_REFUSED, "a secret of less than %d bytes cannot be masked: "
		    "it would be found everywhere", MASK_SHORTEST);
	if (is_one_byte(s.p, s.n))
		return error_set(e, ERROR_REFUSED,
		    "a secret that is one character again and again cannot be masked");
	if (is_common(s.p, s.n))
		return error_set(e, ERROR_REFUSED,
		    "a secret that is a common word cannot be masked: it would be found everywhere");
	return 0;
}

struct mask *
mask_new(void)
{
	return xmalloc(sizeof(struct mask));
}

static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void
form_add(void *arg, const void *p, size_t n)
{
	struct mask *m = arg;

	/* most secrets have many forms that are the same */
	if (n < MASK_SHORTEST || needles_has(&m->finding.needles, m->first, p, n))
		return;
	needles_add(&m->finding.needles, p, n);
	m->finding.odd |= !is_plain(*(const unsigned char *)p);
}

static void
forms_add(struct mask *m, struct span s)
{
	m->first = m->finding.needles.n;
	encodings_text(s.p, s.n, form_add, m);
	encodings_bytes(s.p, s.n, form_add, m);
	for (size_t i = 0; i < s.n; i++)
		m->finding.blanks |= decode_blank(s.p[i]);
}

/* With the line ends of the other half of the world. */
static void
crlf_add(struct mask *m, struct span s)
{
	AUTO_BYTES text = { 0 };

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n')
			bytes_char(&text, '\r');
		if (s.p[i] != '\r')
			bytes_char(&text, s.p[i]);
	}
	encodings_bytes(text.data, text.len, form_add, m);
}

/* Each line that can be masked by itself; whether there was one. */
static bool
lines_add(struct mask *m, struct span s)
{
	const char *p = s.p, *end = s.p + s.n;
	bool any = false;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline != NULL ? newline : end;
		struct span line = trim(p, (size_t)(stop - p));

		if (line.n < s.n && check(line, NULL) == 0) {
			forms_add(m, line);
			any = true;
		}
		p = newline != NULL ? newline + 1 : end;
	}
	return any;
}

int
mask_add(struct mask *m, const void *secret, size_t n, struct error *e)
{
	struct span s = trim(secret, n);

	if (check(s, e) < 0)
		return -1;
	if (n > MASK_SECRET_SIZE)
		return error_set(e, ERROR_LIMIT, "a secret may have %d bytes", MASK_SECRET_SIZE);
	if (needles_has(&m->finding.needles, 0, s.p, s.n))
		return 0;
	if (m->secrets == MASK_SECRETS || m->total + n > MASK_TOTAL)
		return error_set(e, ERROR_LIMIT, "there may be %d secrets of %d bytes together",
		    MASK_SECRETS, MASK_TOTAL);
	m->secrets++;
	m->total += n;
	bytes_add(&m->given, s.p, s.n);
	bytes_char(&m->given, '\0');
	forms_add(m, s);
	/* of another one the lines are found whatever ends them */
	if (!lines_add(m, s) && memchr(s.p, '\n', s.n) != NULL)
		crlf_add(m, s);
	return 0;
}

struct span
mask_given(const struct mask *m)
{
	return m == NULL ? (struct span){ NULL, 0 } : (struct span){ m->given.data, m->given.len };
}

int
mask_take(struct mask *m, int fd, struct error *e)
{
	AUTO_BYTES all = { 0 };
	ssize_t n;

	while ((n = kernel_read_some(fd, bytes_reserve(&all, 4096), 4096)) > 0) {
		all.len += (size_t)n;
		if (all.len > MASK_TOTAL + MASK_SECRETS)
			return error_set(e, ERROR_LIMIT, "secrets: more than %d bytes", MASK_TOTAL);
	}
	if (n < 0)
		return error_sys(e, "secrets: descriptor %d", fd);
	bytes_string(&all);
	for (size_t at = 0; at < all.len; at += strlen(all.data + at) + 1) {
		if (mask_add(m, all.data + at, strlen(all.data + at), e) < 0)
			return -1;
	}
	return 0;
}

bool
mask_empty(const struct mask *m)
{
	return m == NULL || m->secrets == 0;
}

void
mask_free(struct mask *m)
{
	if (m == NULL)
		return;
	finding_free(&m->finding);
	if (m->given.size > 0)
		explicit_bzero(m->given.data, m->given.size);
	bytes_free(&m->given);
	bytes_free(&m->joined);
	bytes_free(&m->out);
	free(m);
}

/* A walk over one text. */
struct walk {
	const char *text;
	size_t done;   /* what is before was put out, or stands under a *** that was */
	bool touching; /* the last of it is under a *** */
};

static void
cover(struct walk *w, struct bytes *out, const struct finding_place *found)
{
	size_t from = found->from > w->done ? found->from : w->done;

	if (found->to <= w->done)
		return;
	if (from > w->done || !w->touching) {
		bytes_add(out, w->text + w->done, from - w->done);
		bytes_add(out, stars, sizeof(stars) - 1);
	}
	w->done = found->to;
	w->touching = true;
}

/* Puts out what is before stop, where something begins that may go on; what was found from there on is looked
 * for again when more has come. */
static struct span
walk(struct mask *m, struct walk *w, size_t stop)
{
	const struct finding *f = &m->finding;
	struct span rest = { NULL, 0 };

	m->out.len = 0;
	for (size_t i = 0; i < f->n && f->places[i].from < stop; i++)
		cover(w, &m->out, &f->places[i]);
	if (w->done < stop) {
		rest = (struct span){ w->text + w->done, stop - w->done };
		w->done = stop;
		w->touching = false;
	}
	if (m->out.len == 0)
		return rest;
	bytes_add(&m->out, rest.p, rest.n);
	return (struct span){ m->out.data, m->out.len };
}

static void
search(struct mask *m, struct decode_text t)
{
	if (!m->finding.needles.indexed)
		finding_index(&m->finding);
	finding_search(&m->finding, t, MASK_SHORTEST);
}

static struct span
pass(struct mask *m, struct mask_stream *s, const char *text, size_t n, bool last)
{
	const struct decode_text t = { text, n, last, !s->within };
	struct walk w = { .text = text, .done = s->done, .touching = s->touching };
	struct finding_open open = { n, n };
	struct span out;

	search(m, t);
	if (!last)
		open = finding_open(&m->finding, t);
	out = walk(m, &w, open.stop);
	/* text is joined or the caller's, never held itself */
	s->held.len = 0;
	bytes_add(&s->held, text + open.keep, n - open.keep);
	s->done = w.done - open.keep;
	s->touching = w.touching;
	if (open.keep > 0)
		s->within = text[open.keep - 1] != '\n';
	return out;
}

struct span
mask_feed(struct mask *m, struct mask_stream *s, const void *p, size_t n)
{
	if (mask_empty(m))
		return (struct span){ p, n };
	if (s->held.len == 0)
		return pass(m, s, p, n, false);
	m->joined.len = 0;
	bytes_add(&m->joined, s->held.data, s->held.len);
	bytes_add(&m->joined, p, n);
	return pass(m, s, m->joined.data, m->joined.len, false);
}

struct span
mask_flush(struct mask *m, struct mask_stream *s)
{
	struct span out = { NULL, 0 };

	if (s->held.len > 0) {
		m->joined.len = 0;
		bytes_add(&m->joined, s->held.data, s->held.len);
		out = pass(m, s, m->joined.data, m->joined.len, true);
	}
	bytes_free(&s->held);
	*s = (struct mask_stream){ 0 };
	return out;
}

void
mask_text(struct mask *m, struct bytes *into, const void *p, size_t n)
{
	struct mask_stream s = { 0 };
	struct span out = { p, n };

	if (!mask_empty(m))
		out = pass(m, &s, p, n, true);
	bytes_add(into, out.p, out.n);
	bytes_free(&s.held);
}

bool
mask_finds(struct mask *m, const void *p, size_t n)
{
	if (mask_empty(m))
		return false;
	if (!m->finding.needles.indexed)
		finding_index(&m->finding);
	finding_search(&m->finding, (struct decode_text){ p, n, true, true }, SIZE_MAX);
	return m->finding.n > 0;
}

void
mask_error(struct mask *m, struct error *e)
{
	AUTO_BYTES text = { 0 };

	if (mask_empty(m))
		return;
	mask_text(m, &text, e->text, strlen(e->text));
	bytes_string(&text);
	memcpy(e->text, text.data, text.len < sizeof(e->text) ? text.len + 1 : sizeof(e->text));
	e->text[sizeof(e->text) - 1] = '\0';
}

/* ---- JSON */

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
mask_json(struct mask *m, struct bytes *into, const char *json, size_t n)
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
