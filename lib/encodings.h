/*
 * encodings: the forms of a byte string that a text is looked through for, in each of the ways in
 * which it can be read (finding.h): itself, as forms of the web have its blanks, with its single
 * quotes written as shells and YAML have them, in base64 (RFC 4648 sections 4 and 5) at its three
 * alignments, and in hex with what is usual between its bytes. They are for finding the string in
 * output, so quotes around it and padding are left out. What only escapes some bytes (URLs, JSON,
 * backslashes, HTML) or breaks lines is no form of its own.
 */
#ifndef MCI_ENCODINGS_H
#define MCI_ENCODINGS_H

#include <stddef.h>

typedef void encodings_form(void *arg, const void *bytes, size_t length);

/*
 * These hand every form of the n bytes to form, which may keep nothing of it; forms that are the
 * same for this string come several times. A form has one blank for each run of white space in the
 * string, or nothing.
 */
void encodings_text(const void *p, size_t n, encodings_form *form, void *arg);
/*
 * In base64 a string that stands in a larger one shares its first and last character with its
 * neighbours: such a character is left out, unless the string is the end of what was encoded. These
 * forms have about 27 times the bytes of the string together.
 */
void encodings_bytes(const void *p, size_t n, encodings_form *form, void *arg);

#endif
