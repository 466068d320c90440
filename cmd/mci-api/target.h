/* target: what a request is for (RFC 3986): a path in segments, and a query in pairs, decoded. */
#ifndef MCI_API_TARGET_H
#define MCI_API_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* More pairs are refused; further segments are only what a pattern's end takes. */
#define TARGET_SEGMENTS 16
#define TARGET_PAIRS 32

struct target {
	char *segments[TARGET_SEGMENTS];
	const char *begins[TARGET_SEGMENTS]; /* each, as it was sent */
	size_t nsegments;
	bool longer; /* there are more of them */
	char *tail;  /* what the end of a pattern took; NULL */
	struct target_pair {
		char *name, *value;
	} pairs[TARGET_PAIRS];
	size_t npairs;
};

/* path is borrowed; query may be NULL. 0, or -1 with what is wrong: no path, a bad escape, NUL, text that
 * is not UTF-8. Free it in any case. */
int target_read(struct target *t, const char *path, const char *query, struct error *e);
/* The value of a pair; NULL. */
const char *target_value(const struct target *t, const char *name);
/* Whether the segments are those of a pattern as "/orgs/{org}"; values (TARGET_SEGMENTS of them) gets what
 * stands for each {name}, in their order, borrowed until the next call. A {name*} is the last: it stands
 * for all that is left, slashes included. */
bool target_is(struct target *t, const char *pattern, const char **values);
void target_free(struct target *t);
/* Appends text as a part of a path or query. */
void target_escape(struct bytes *into, const char *text);

#endif
