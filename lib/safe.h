/*
 * safe: what programs print, made safe for a terminal: nothing of it is obeyed but colour and style
 * (SGR, ECMA-48 8.3.117). Other escapes and control bytes are shown as ^[ and the like, bytes that
 * are no UTF-8 as U+FFFD; newline and tab are themselves, and the CR of CR LF, which overwrites
 * nothing, is left out. The text comes in pieces, cut anywhere: the result is the same.
 */
#ifndef MCI_SAFE_H
#define MCI_SAFE_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

/* The longest SGR sequence that is believed: ESC [ and the five parts of two true colours fit. */
#define SAFE_SGR 48

/* Zeroed but for color; needs no freeing. */
struct safe {
	bool color;   /* SGR goes through; without, it is left out */
	bool colored; /* some did: the caller may reset the colour and then set this back */
	size_t nheld; /* the start of a sequence whose end has not come yet */
	char held[SAFE_SGR];
};

void safe_add(struct safe *s, struct bytes *into, const char *p, size_t n);
/* The text is over: what was held comes out, and s can be used for another text. */
void safe_end(struct safe *s, struct bytes *into);

#endif
