/*
 * decode: reads a text as what it stands for: escapes become what they mean, and white space is one
 * blank, or nothing where a line was broken. Each byte of the result knows where it stands in the
 * text.
 */
#ifndef MCI_DECODE_H
#define MCI_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum decode_escape {
	DECODE_NONE,
	DECODE_URL,       /* %2B (RFC 3986 section 2.1), and %u002B of JavaScript's escape() */
	DECODE_BACKSLASH, /* JSON (RFC 8259 section 7), C, $'...', and a backslash before what is no
			     letter */
	DECODE_ENTITY,    /* &amp;, &#38;, &#x26; of HTML and XML */
	DECODE_ESCAPES
};

/* What a run of white space is; one over DECODE_GAP is always a newline. */
enum decode_space {
	DECODE_BREAKS,   /* itself; nothing, when a line ends in it */
	DECODE_BLANKS,   /* one blank */
	DECODE_NO_SPACE, /* nothing */
	DECODE_SPACES
};

#define DECODE_GAP 256

/* How a text is read. */
struct decode_way {
	enum decode_escape escape;
	enum decode_space space;
};

struct decode_place {
	uint32_t at; /* first byte in the text */
	uint32_t length : 30;
	uint32_t broken : 1; /* white space that became nothing stands before it... */
	uint32_t line : 1;   /* ...in which a line ends */
};

/* A text, or the part of one that is at hand; less than 1 GiB. */
struct decode_text {
	const char *p;
	size_t n;
	bool last; /* nothing more comes */
	bool line; /* a line begins at p */
};

/* Start from zero; free with decoded_free. */
struct decoded {
	struct bytes text;
	struct decode_place *places; /* of each byte of text; those of one escape are the same */
	size_t size;
	size_t unfinished; /* where an escape begins that is not all there, as of the last call;
			      else SIZE_MAX */
};

void decoded_clear(struct decoded *d);
void decoded_free(struct decoded *d);
/* Adds one byte that stands there: for texts that are decoded in other ways. */
void decoded_put(struct decoded *d, char c, size_t at, size_t length, bool broken, bool line);

/*
 * Adds what text says from at on, until there are at least enough bytes more or the text ends;
 * returns where the next call may go on. Without last more may come: an escape that is not finished
 * and white space at the end are left, and begin at what is returned. at is the start of the text
 * or comes from here or from decode_back. A text has less than 1 GiB.
 */
size_t decode_add(struct decoded *d, struct decode_way way, const char *text, size_t n, size_t at,
    size_t enough, bool last);
/* Whether it is white space: a blank, tab, CR or LF. */
static inline bool
decode_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* A place to begin, at least so many bytes other than white space before at; less far only at the
 * start of the text, and where more white space than DECODE_GAP ends all that goes on. White space
 * that decoding begins with may be but a part of a run. */
size_t decode_back(enum decode_escape escape, const char *text, size_t n, size_t at, size_t bytes);
/* The start of what stands at that place: of the escape that it lies in, else the place itself. */
size_t decode_start(enum decode_escape escape, const char *text, size_t n, size_t at);
/* The byte that every escape begins with. */
char decode_sign(enum decode_escape escape);
/* The length of the escape at p, which begins with its sign, and the bytes it stands for: 1 and
 * itself when it is none, 0 when that cannot be told without more. */
size_t decode_unit(
    enum decode_escape escape, const char *p, size_t n, bool last, char out[4], size_t *length);

#endif
