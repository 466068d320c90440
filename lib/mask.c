#include "mask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "encodings.h"
#include "memory.h"
#include "needles.h"

static const char stars[] = "***";

_Static_assert(MASK_SHORTEST >= NEEDLES_SHORTEST, "what may be masked can be found");

struct mask {
	struct needles needles;
	size_t secrets, total;
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

static int
check(const char *p, size_t n, struct error *e)
{
	if (n < MASK_SHORTEST)
		return error_set(e, ERROR_REFUSED, "a secret of less than %d bytes cannot be masked: "
		    "it would be found everywhere", MASK_SHORTEST);
	if (is_one_byte(p, n))
		return error_set(e, ERROR_REFUSED,
		    "a secret that is one character again and again cannot be masked");
	if (is_common(p, n))
		return error_set(e, ERROR_REFUSED,
		    "a secret that is a common word cannot be masked: it would be found everywhere");
	return 0;
}

struct mask *
mask_new(void)
{
	return xmalloc(sizeof(struct mask));
}

static void
form_add(void *arg, const void *p, size_t n)
{
	struct mask *m = arg;

	/* most secrets have many forms that are the same */
	if (n >= MASK_SHORTEST && !needles_has(&m->needles, m->first, p, n))
		needles_add(&m->needles, p, n);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
forms_add(struct mask *m, const char *p, size_t n)
{
	m->first = m->needles.n;
	encodings_each(p, n, form_add, m);
}

/* Each line, without the blanks around it, unless it is all. */
static void
lines_add(struct mask *m, const char *p, size_t n)
{
	const char *end = p + n;
	size_t whole = n;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline != NULL ? newline : end;
		const char *next = newline != NULL ? newline + 1 : end;

		while (p < stop && blank(*p))
			p++;
		while (p < stop && blank(stop[-1]))
			stop--;
		n = (size_t)(stop - p);
		if (n < whole && check(p, n, NULL) == 0)
			forms_add(m, p, n);
		p = next;
	}
}

int
mask_add(struct mask *m, const void *secret, size_t n, struct error *e)
{
	if (check(secret, n, e) < 0)
		return -1;
	if (n > MASK_SECRET_SIZE)
		return error_set(e, ERROR_LIMIT, "a secret may have %d bytes", MASK_SECRET_SIZE);
	if (needles_has(&m->needles, 0, secret, n))
		return 0;
	if (m->secrets == MASK_SECRETS || m->total + n > MASK_TOTAL)
		return error_set(e, ERROR_LIMIT, "there may be %d secrets of %d bytes together",
		    MASK_SECRETS, MASK_TOTAL);
	m->secrets++;
	m->total += n;
	forms_add(m, secret, n);
	lines_add(m, secret, n);
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
	needles_free(&m->needles);
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
cover(struct walk *w, struct bytes *out, const struct needle_match *found)
{
	size_t end = found->at + found->n;

	if (found->at > w->done || !w->touching) {
		bytes_add(out, w->text + w->done, found->at - w->done);
		bytes_add(out, stars, sizeof(stars) - 1);
	}
	w->done = end > w->done ? end : w->done;
	w->touching = true;
}

/* Puts out what is before stop, where nothing begins that may go on; matches that begin there are looked
 * for again when more has come. With cut nothing more comes: a secret that the end cuts begins there. */
static struct span
walk(struct mask *m, struct walk *w, size_t n, size_t stop, bool cut)
{
	struct needle_match found;
	struct span rest = { NULL, 0 };

	m->out.len = 0;
	for (size_t from = 0; needles_next(&m->needles, w->text, n, from, &found) && found.at < stop;
	    from = found.at + 1)
		cover(w, &m->out, &found);
	if (cut)
		cover(w, &m->out, &(struct needle_match){ stop, n - stop });
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

static struct span
pass(struct mask *m, struct mask_stream *s, const char *text, size_t n, bool last)
{
	struct walk w = { .text = text, .done = s->covered, .touching = s->touching };
	struct span out;
	size_t stop;

	if (!m->needles.indexed)
		needles_index(&m->needles);
	stop = needles_open(&m->needles, text, n);
	if (last && n - stop < MASK_SHORTEST)
		stop = n;
	out = walk(m, &w, n, stop, last && stop < n);
	/* text is joined or the caller's, never held itself */
	s->held.len = 0;
	if (!last)
		bytes_add(&s->held, text + stop, n - stop);
	s->covered = w.done - stop;
	s->touching = w.touching;
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
	struct needle_match found;

	if (mask_empty(m))
		return false;
	if (!m->needles.indexed)
		needles_index(&m->needles);
	return needles_next(&m->needles, p, n, 0, &found);
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
