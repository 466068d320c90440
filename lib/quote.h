/* quote: a text as one word of a shell (POSIX sh, 2.2), whatever is in it. */
#ifndef MCI_QUOTE_H
#define MCI_QUOTE_H

#include "bytes.h"

/* Appends it in single quotes. */
void quote_word(struct bytes *into, const char *text);
/* The same for people, on one line: in quotes only where it has to be, $'' where it holds a control
 * character. */
void quote_shown(struct bytes *into, const char *text);

#endif
