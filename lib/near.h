/*
 * near: whether a needle may lie over a place where a text is read as something else than its
 * bytes, and what is to be looked through for it. All blocks of such a needle are blocks of
 * needles: nearly always a look at the bytes beside the place tells that there is none, and where
 * it does not, no more is decoded than may be of needles.
 */
#ifndef MCI_NEAR_H
#define MCI_NEAR_H

#include <stdbool.h>
#include <stddef.h>

#include "decode.h"
#include "needles.h"

/*
 * The next newline, from at on, over which a needle may lie in DECODE_BREAKS without escapes, or behind
 * which a line of a dump may begin; where the text ends when there is none. Nearly all newlines are
 * passed over in a few instructions.
 */
size_t near_newline(const struct needles *needles, const struct decode_text *t, size_t at);
/* Whether no needle lies over a place that reads as the byte c, or as nothing when c is NULL; when in
 * doubt it is not so. */
bool near_cold(const struct needles *needles, const struct decode_text *t, struct decode_way way,
    size_t from, size_t to, const char *c);
/* The same for the end of a line in DECODE_NO_SPACE, without escapes. */
bool
near_cold_line(const struct needles *needles, const struct decode_text *t, size_t from, size_t to);

/* The next run of white space that is not one blank, from at on; where the text ends when there is
 * none. */
size_t near_blanks(const struct decode_text *t, size_t at);

/* Looking at the places of a text in one way, from its start to its end. */
struct near {
	const struct needles *needles;
	const struct decode_text *text;
	struct decode_way way;
	struct decoded *decoded;
	size_t done;  /* places that end here have been looked at; 0 at first */
	size_t start; /* an escape begins here, a little before the place; 0 when nothing is known */
};

/* Of what is decoded then, the bytes in which needles over the place are, up to but not including
 * to. */
struct near_part {
	size_t from, to;
};

/* Whether there is something to be looked through. */
bool near_look(struct near *s, size_t from, size_t to, struct near_part *part);

#endif
