/* utf8: the one definition of valid UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF). */
#ifndef MCI_UTF8_H
#define MCI_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the sequence that begins at p with n bytes left (n >= 1), or 0 when it is not valid. */
size_t utf8_length(const char *p, size_t n);
bool utf8_valid(const char *p, size_t n);

#endif
