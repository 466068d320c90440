/*
 * encodings: the forms in which programs usually show a byte string: as it is, base64 (RFC 4648 sections 4
 * and 5) at its three alignments, hex, URL-encoded (RFC 3986 section 2.1, and as browsers and forms do),
 * JSON-escaped (RFC 8259 section 7), and quoted for a shell; base64 and hex also in lines as base64(1),
 * openssl(1) and xxd(1) break them. They are for finding the string in output, so quotes around it and
 * padding are left out.
 */
#ifndef MCI_ENCODINGS_H
#define MCI_ENCODINGS_H

#include <stddef.h>

/*
 * Hands every form of the n bytes to form, which may keep nothing of it; forms that are the same for this
 * string come several times. The forms of one string have about 40 times its bytes together.
 *
 * In base64 a string that stands in a larger one shares its first and last character with its neighbours:
 * such a character is left out, unless the string is the end of what was encoded.
 */
void encodings_each(const void *p, size_t n,
    void (*form)(void *arg, const void *bytes, size_t length), void *arg);

#endif
