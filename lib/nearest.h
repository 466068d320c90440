/* nearest: the word that somebody may have meant. For "did you mean". */
#ifndef MCI_NEAREST_H
#define MCI_NEAREST_H

#include <stddef.h>

/* The row of candidates nearest to word by edit distance, or one that begins with it; NULL when none
 * is near. */
const char *nearest_word(const char *word, const char *const *candidates, size_t n);

#endif
