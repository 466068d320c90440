#include "encoding.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#include "memory.h"

/* A log is the same few words again and again: what is nearest is enough, and memory is what many
 * readers have. */
#define LEVEL 1
#define WINDOW 17
/* zlib's largest, with the header and checksum of gzip. */
#define GZIP_WINDOW (15 + 16)
#define GZIP_MEMORY 8

static const char *const names[] = {
	[ENCODING_NONE] = "identity",
	[ENCODING_GZIP] = "gzip",
	[ENCODING_ZSTD] = "zstd",
};

const char *
encoding_name(enum encoding e)
{
	return names[e];
}

/* ---- what is taken */

/* The weight of an item that has parameters: ";q=0.5". */
static int
weight_of(const char *p, size_t n)
{
	const char *q = memchr(p, ';', n), *end = p + n;
	int w = 0, digit = 1000;

	if (q == NULL)
		return 1000;
	for (q++; q < end && (*q == ' ' || *q == '\t'); q++)
		;
	if (end - q < 3 || strncasecmp(q, "q=", 2) != 0)
		return 1000;
	for (q += 2; q < end && (*q == '.' || (*q >= '0' && *q <= '9')) && digit > 0; q++) {
		if (*q == '.')
			continue;
		w += (*q - '0') * digit;
		digit /= 10;
	}
	return w > 1000 ? 1000 : w;
}

int
encoding_weight(const char *accept, enum encoding e)
{
	size_t n, name = strlen(names[e]);

	for (; accept != NULL && *accept != '\0'; accept += n) {
		accept += strspn(accept, " \t,");
		n = strcspn(accept, ",");
		if (n >= name && strncasecmp(accept, names[e], name) == 0 &&
		    strchr(" \t;,", accept[name]) != NULL)
			return weight_of(accept, n);
	}
	return 0;
}

enum encoding
encoding_chosen(const char *accept)
{
	int gzip = encoding_weight(accept, ENCODING_GZIP), zstd = encoding_weight(accept, ENCODING_ZSTD);

	return gzip == 0 && zstd == 0 ? ENCODING_NONE : zstd >= gzip ? ENCODING_ZSTD : ENCODING_GZIP;
}

/* ---- compressing */

struct squeeze {
	ZSTD_CCtx *zstd; /* NULL: it is gzip */
	z_stream gzip;
	bool ended;
};

struct squeeze *
squeeze_new(enum encoding e)
{
	struct squeeze *s;

	if (e == ENCODING_NONE)
		return NULL;
	s = xmalloc(sizeof(*s));
	*s = (struct squeeze){ .zstd = NULL };
	if (e == ENCODING_GZIP) {
		if (deflateInit2(&s->gzip, LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			Z_DEFAULT_STRATEGY) != Z_OK)
			abort();
		return s;
	}
	s->zstd = ZSTD_createCCtx();
	if (s->zstd == NULL)
		abort();
	ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_windowLog, WINDOW);
	ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_checksumFlag, 1);
	return s;
}

static ssize_t
take_zstd(struct squeeze *s, struct span *from, bool last, char *p, size_t n)
{
	ZSTD_inBuffer in = { from->p, from->n, 0 };
	ZSTD_outBuffer out = { p, n, 0 };
	size_t left = ZSTD_compressStream2(s->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_flush);

	if (ZSTD_isError(left))
		return -1;
	s->ended = last && left == 0;
	*from = (struct span){ from->p + in.pos, from->n - in.pos };
	return (ssize_t)out.pos;
}

static ssize_t
take_gzip(struct squeeze *s, struct span *from, bool last, char *p, size_t n)
{
	z_stream *z = &s->gzip;
	uInt room = n < UINT_MAX ? (uInt)n : UINT_MAX, given = from->n < UINT_MAX ? (uInt)from->n : UINT_MAX;
	int result;

	z->next_in = (Bytef *)(uintptr_t)from->p;
	z->avail_in = given;
	z->next_out = (Bytef *)p;
	z->avail_out = room;
	result = deflate(z, last && given == from->n ? Z_FINISH : Z_SYNC_FLUSH);
	/* Z_BUF_ERROR: all was said before */
	if (result == Z_STREAM_ERROR)
		return -1;
	s->ended = result == Z_STREAM_END;
	*from = (struct span){ from->p + (given - z->avail_in), from->n - (given - z->avail_in) };
	return (ssize_t)(room - z->avail_out);
}

ssize_t
squeeze_take(struct squeeze *s, struct span *from, bool last, char *p, size_t n)
{
	if (s->ended)
		return 0;
	return s->zstd != NULL ? take_zstd(s, from, last, p, n) : take_gzip(s, from, last, p, n);
}

void
squeeze_free(struct squeeze *s)
{
	if (s == NULL)
		return;
	if (s->zstd != NULL)
		ZSTD_freeCCtx(s->zstd);
	else
		deflateEnd(&s->gzip);
	free(s);
}
