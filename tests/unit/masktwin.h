/*
 * The plain twin of the mask: the whole text is read in every way, every form of every secret is
 * compared at every place of what it says, and what is covered becomes ***. Slow, and what the mask
 * has to be equal to.
 */
#ifndef MASKTWIN_H
#define MASKTWIN_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "decode.h"
#include "encodings.h"
#include "finding.h"
#include "hexdump.h"
#include "mask.h"
#include "memory.h"

struct twin {
	struct span *forms; /* owned */
	size_t n;
	bool blanks;
};

static void
twin_form(void *arg, const void *p, size_t n)
{
	struct twin *t = arg;

	if (n < MASK_SHORTEST)
		return;
	t->forms = xrealloc(t->forms, t->n + 1, sizeof(*t->forms));
	t->forms[t->n++] = (struct span){ xmemdup(p, n), n };
}

static void
twin_forms(struct twin *t, const char *p, size_t n)
{
	encodings_text(p, n, twin_form, t);
	encodings_bytes(p, n, twin_form, t);
	for (size_t i = 0; i < n; i++)
		t->blanks |= decode_blank(p[i]);
}

/* A secret that the mask took. Lines are those that a mask takes by themselves; where there is
 * none, the secret may have CR LF. */
static void
twin_add(struct twin *t, const char *p, size_t n)
{
	AUTO_BYTES crlf = { 0 };
	bool lines = false;
	size_t from = 0;

	while (n > 0 && decode_blank(p[n - 1]))
		n--;
	while (n > 0 && decode_blank(*p)) {
		p++;
		n--;
	}
	twin_forms(t, p, n);
	for (size_t at = 0; at <= n; at++) {
		size_t first = from, last = at;
		struct mask *alone;

		if (at < n && p[at] != '\r')
			bytes_text(&crlf,
			    p[at] == '\n' ? "\r\n" : (char[]){ p[at] == '\0' ? ' ' : p[at], '\0' });
		if (at < n && p[at] == '\0')
			crlf.data[crlf.len - 1] = '\0';
		if (at < n && p[at] != '\n')
			continue;
		while (first < last && decode_blank(p[first]))
			first++;
		while (last > first && decode_blank(p[last - 1]))
			last--;
		alone = mask_new();
		if (last - first < n && mask_add(alone, p + first, last - first, NULL) == 0) {
			twin_forms(t, p + first, last - first);
			lines = true;
		}
		mask_free(alone);
		from = at + 1;
	}
	if (!lines && memchr(p, '\n', n) != NULL)
		encodings_bytes(crlf.data, crlf.len, twin_form, t);
}

static bool
twin_meant(const struct decoded *d, size_t at, size_t n)
{
	bool meant = false;

	for (size_t i = 0; i < n; i++)
		meant |= d->places[at + i].length > 1 || (i > 0 && d->places[at + i].line);
	return meant;
}

/* Each form at each place of what was decoded; dump is the text when the lines of a dump were. */
static void
twin_decoded(const struct twin *t, const struct decoded *d, bool *covered, const struct span *dump,
    bool cut, bool meant)
{
	for (size_t at = 0; at < d->text.len; at++) {
		for (size_t i = 0; i < t->n; i++) {
			size_t left = d->text.len - at,
			       n = t->forms[i].n <= left ? t->forms[i].n : left, from, to;

			/* else the end cuts it */
			if ((n < t->forms[i].n && (n < MASK_SHORTEST || !cut)) ||
			    memcmp(t->forms[i].p, d->text.data + at, n) != 0)
				continue;
			if (!meant && !twin_meant(d, at, n))
				continue;
			from = d->places[at].at;
			for (size_t head = at + 3; head > at; head--) {
				if (head < at + n && d->places[head].broken)
					from = d->places[head].at;
			}
			to = d->places[at + n - 1].at + d->places[at + n - 1].length;
			while (dump != NULL && to < dump->n && dump->p[to] != '\n')
				to++;
			memset(covered + from, 1, to - from);
		}
	}
}

static void
twin_dumps(const struct twin *t, bool *covered, const char *p, size_t n)
{
	const struct span text = { p, n };
	struct decoded d = { 0 };

	for (size_t at = 0, end; at < n; at = end + 1) {
		struct hexdump line;
		bool broken;

		for (end = at; end < n && p[end] != '\n'; end++)
			;
		if (!hexdump_read(&line, p + at, end - at)) {
			twin_decoded(t, &d, covered, &text, false, true);
			decoded_clear(&d);
			continue;
		}
		broken = d.text.len > 0;
		for (size_t i = 0; i < line.n; i++) {
			char c = decode_blank((char)line.bytes[i]) ? ' ' : (char)line.bytes[i];

			if (c == ' ' && d.text.len > 0 && d.text.data[d.text.len - 1] == ' ')
				continue;
			decoded_put(&d, c, at + line.at[i], line.length[i], broken, broken);
			broken = false;
		}
	}
	twin_decoded(t, &d, covered, &text, true, true);
	decoded_free(&d);
}

static void
twin_text(const struct twin *t, struct bytes *into, const char *p, size_t n)
{
	bool *covered = xmalloc(n + 1);
	struct decoded d = { 0 };

	for (size_t at = 0; at < n; at++)
		decoded_put(&d, p[at], at, 1, false, false);
	twin_decoded(t, &d, covered, NULL, true, true);
	for (int way = 0; way < DECODE_SPACES * DECODE_ESCAPES; way++) {
		struct decode_way w = { (enum decode_escape)(way / DECODE_SPACES),
			(enum decode_space)(way % DECODE_SPACES) };

		decoded_clear(&d);
		if (w.space != DECODE_BREAKS && !t->blanks)
			continue;
		decode_add(&d, w, p, n, 0, SIZE_MAX, true);
		twin_decoded(t, &d, covered, NULL, true, w.space != DECODE_NO_SPACE);
	}
	twin_dumps(t, covered, p, n);
	for (size_t at = 0; at < n; at++) {
		if (!covered[at])
			bytes_char(into, p[at]);
		else if (at == 0 || !covered[at - 1])
			bytes_text(into, "***");
	}
	decoded_free(&d);
	free(covered);
}

static void
twin_free(struct twin *t)
{
	for (size_t i = 0; i < t->n; i++)
		free((void *)(uintptr_t)t->forms[i].p);
	free(t->forms);
}

#endif
