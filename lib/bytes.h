/*
 * bytes: a growable run of bytes. Start from zero bytes ({0}); free with bytes_free or declare it
 * AUTO_BYTES. Growing doubles; the caller bounds what it adds.
 */
#ifndef MCI_BYTES_H
#define MCI_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	char *data; /* NULL while empty; not NUL-terminated unless bytes_string was called */
	size_t len;
	size_t size;
};

/* A borrowed piece of somebody else's memory. */
struct span {
	const char *p;
	size_t n;
};

void bytes_free(struct bytes *b);
#define AUTO_BYTES __attribute__((cleanup(bytes_free))) struct bytes

void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_text(struct bytes *b, const char *text);
void bytes_char(struct bytes *b, char c);
void bytes_number(struct bytes *b, int64_t n);
/* A code point, no surrogate and at most U+10FFFF, in UTF-8. */
void bytes_utf8(struct bytes *b, uint32_t c);
void bytes_format(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for n more bytes at the end, not counted in len until the caller adds to it. */
char *bytes_reserve(struct bytes *b, size_t n);
/* Drops n bytes from the front. */
void bytes_drop(struct bytes *b, size_t n);
/* Gives back the room behind the contents. */
void bytes_fit(struct bytes *b);
/* The contents with a NUL behind them; borrowed until the next change. */
const char *bytes_string(struct bytes *b);
/* Gives the buffer away, NUL-terminated; the caller frees it and b is empty again. */
char *bytes_give(struct bytes *b);

/* Whether a span holds exactly this text. */
int span_is(struct span s, const char *text);

#endif
