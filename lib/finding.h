/*
 * finding: where needles stand in a text, in all the ways in which it can be read: as it is, with
 * its escapes decoded, across the breaks of its lines, and as a dump of bytes (decode.h,
 * hexdump.h).
 */
#ifndef MCI_FINDING_H
#define MCI_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "decode.h"
#include "needles.h"

/*
 * Bytes in front of a break that hold no secret by themselves: where a line may have broken
 * anywhere, so few of a needle are not waited for at the end of a line, and not covered when the
 * rest of it comes.
 */
#define FINDING_HEAD 4

/* Bytes of the text, up to but not including to. */
struct finding_place {
	size_t from, to;
	size_t start; /* of what was found, its head included */
};

struct finding {
	struct needles needles;
	bool blanks; /* needles are to be found with other white space than they have */
	bool odd;    /* some needle begins with what may be escaped */
	bool signs[DECODE_ESCAPES];    /* escapes may be in the text */
	struct decoded decoded, probe; /* of what is looked at */
	struct finding_place *places;  /* what was found, in order, none touching another */
	size_t n, size;
};

/* What may go on, when the text is not over. */
struct finding_open {
	size_t keep; /* from here on the text is to be had again, with more behind it */
	size_t
	    stop; /* from here on a needle may stand that is not all there: at keep or behind it */
};

/* Copies needles in and indexes them; to be called before the others, and again after more were
 * added. */
void finding_index(struct finding *f);
/* Sets places. With last an end that is the beginning of a needle, and at least least bytes of one,
 * counts. */
void finding_search(struct finding *f, struct decode_text t, size_t least);
/* Of the text that was searched last, which is not the last. */
struct finding_open finding_open(struct finding *f, struct decode_text t);
void finding_free(struct finding *f);

#endif
