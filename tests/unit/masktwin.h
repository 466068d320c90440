/*
 * The plain twin of the mask: every form of every secret is compared at every place of the whole text, and what
 * is covered becomes ***. Slow, and what the mask has to be equal to.
 */
#ifndef MASKTWIN_H
#define MASKTWIN_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "encodings.h"
#include "mask.h"
#include "memory.h"

struct twin {
	struct span *forms; /* owned */
	size_t n;
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

/* A secret that the mask took. Lines are those that a mask takes by themselves. */
static void
twin_add(struct twin *t, const char *p, size_t n)
{
	size_t from = 0;

	encodings_each(p, n, twin_form, t);
	for (size_t at = 0; at <= n; at++) {
		size_t first = from, last = at;
		struct mask *alone;

		if (at < n && p[at] != '\n')
			continue;
		while (first < last && (p[first] == ' ' || p[first] == '\t' || p[first] == '\r'))
			first++;
		while (last > first && (p[last - 1] == ' ' || p[last - 1] == '\t' || p[last - 1] == '\r'))
			last--;
		alone = mask_new();
		if (mask_add(alone, p + first, last - first, NULL) == 0)
			encodings_each(p + first, last - first, twin_form, t);
		mask_free(alone);
		from = at + 1;
	}
}

static void
twin_text(const struct twin *t, struct bytes *into, const char *p, size_t n)
{
	bool *covered = xmalloc(n + 1);

	for (size_t at = 0; at < n; at++) {
		for (size_t i = 0; i < t->n; i++) {
			if (t->forms[i].n <= n - at && memcmp(t->forms[i].p, p + at, t->forms[i].n) == 0)
				memset(covered + at, 1, t->forms[i].n);
			/* the end cuts it */
			if (n - at >= MASK_SHORTEST && t->forms[i].n > n - at &&
			    memcmp(t->forms[i].p, p + at, n - at) == 0)
				memset(covered + at, 1, n - at);
		}
	}
	for (size_t at = 0; at < n; at++) {
		if (!covered[at])
			bytes_char(into, p[at]);
		else if (at == 0 || !covered[at - 1])
			bytes_text(into, "***");
	}
	free(covered);
}

/* Where the longest end begins that may become more: by trying. */
static inline size_t
twin_open(const struct twin *t, const char *p, size_t n)
{
	for (size_t at = 0; at < n; at++) {
		for (size_t i = 0; i < t->n; i++) {
			if (t->forms[i].n > n - at && memcmp(t->forms[i].p, p + at, n - at) == 0)
				return at;
		}
	}
	return n;
}

static void
twin_free(struct twin *t)
{
	for (size_t i = 0; i < t->n; i++)
		free((void *)(uintptr_t)t->forms[i].p);
	free(t->forms);
}

#endif
