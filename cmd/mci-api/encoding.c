#include "encoding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zstd.h>

#include "memory.h"

/* A log is the same few words again and again: what is nearest is enough, and memory is what many
 * readers have. */
#define LEVEL 1
#define WINDOW 17

struct squeeze {
	ZSTD_CCtx *encoder;
	bool ended;
};

/* The parameters of one item: whether it is unwanted, "q=0" or "q=0.000". */
static bool
unwanted(const char *p, size_t n)
{
	const char *q = memchr(p, ';', n), *end = p + n;

	if (q == NULL)
		return false;
	for (q++; q < end && (*q == ' ' || *q == '\t'); q++)
		;
	if (end - q < 3 || strncasecmp(q, "q=0", 3) != 0)
		return false;
	for (q += 3; q < end && (*q == '.' || *q == '0'); q++)
		;
	return q == end || *q == ' ' || *q == '\t' || *q == ';';
}

bool
encoding_taken(const char *accept, const char *name)
{
	size_t n, wanted = strlen(name);

	for (; accept != NULL && *accept != '\0'; accept += n) {
		accept += strspn(accept, " \t,");
		n = strcspn(accept, ",");
		if (n >= wanted && strncasecmp(accept, name, wanted) == 0 &&
		    strchr(" \t;,", accept[wanted]) != NULL)
			return !unwanted(accept, n);
	}
	return false;
}

struct squeeze *
squeeze_new(void)
{
	struct squeeze *s = xmalloc(sizeof(*s));

	*s = (struct squeeze){ .encoder = ZSTD_createCCtx() };
	if (s->encoder == NULL)
		abort();
	ZSTD_CCtx_setParameter(s->encoder, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(s->encoder, ZSTD_c_windowLog, WINDOW);
	ZSTD_CCtx_setParameter(s->encoder, ZSTD_c_checksumFlag, 1);
	return s;
}

ssize_t
squeeze_take(struct squeeze *s, struct span *from, bool last, char *p, size_t n)
{
	ZSTD_inBuffer in = { from->p, from->n, 0 };
	ZSTD_outBuffer out = { p, n, 0 };
	size_t left;

	if (s->ended)
		return 0;
	left = ZSTD_compressStream2(s->encoder, &out, &in, last ? ZSTD_e_end : ZSTD_e_flush);
	if (ZSTD_isError(left))
		return -1;
	s->ended = last && left == 0;
	*from = (struct span){ from->p + in.pos, from->n - in.pos };
	return (ssize_t)out.pos;
}

void
squeeze_free(struct squeeze *s)
{
	if (s == NULL)
		return;
	ZSTD_freeCCtx(s->encoder);
	free(s);
}
