#include "unpack.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "memory.h"

#define FRAMES 4

struct frame {
	struct digest pack;
	uint64_t at;
	char *raw;
	size_t n, size;
	uint64_t turn;
};

struct unpack {
	struct store *store;
	struct digest_state *digest;
	ZSTD_DCtx *decompress;
	char *packed;
	size_t size;
	struct frame frames[FRAMES];
	uint64_t turn;
};

struct unpack *
unpack_begin(struct store *s)
{
	struct unpack *u = xmalloc(sizeof(*u));

	u->store = s;
	u->digest = digest_new();
	u->decompress = ZSTD_createDCtx();
	return u;
}

void
unpack_end(struct unpack *u)
{
	if (u == NULL)
		return;
	digest_free(u->digest);
	ZSTD_freeDCtx(u->decompress);
	free(u->packed);
	for (size_t i = 0; i < FRAMES; i++)
		free(u->frames[i].raw);
	free(u);
}

static int
damaged(const struct place *p, struct error *e)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(&p->pack, hex);
	return error_set(e, ERROR_INPUT,
	    "pack %s is damaged near byte %llu: mci-blob verify finds what is lost", hex,
	    (unsigned long long)p->at);
}

/* That a name is there and what it stands on is not is no miss. */
static int
lost(struct error *e, const char *what, const struct digest *d)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(d, hex);
	return error_set(e, ERROR_INPUT, "%s %s is lost: mci-blob verify says who needs it", what,
	    hex);
}

static int
fill(struct unpack *u, struct frame *f, const struct place *p, struct error *e)
{
	size_t got, room = ZSTD_compressBound(p->raw);
	struct error why;
	ssize_t packed;

	f->turn = 0;
	f->n = 0;
	if (p->packed > FORMAT_FRAME_LIMIT || p->raw > FORMAT_FRAME_LIMIT)
		return damaged(p, e);
	room = room > p->packed ? room : p->packed;
	if (room > u->size) {
		u->size = room;
		u->packed = xrealloc(u->packed, u->size, 1);
	}
	if (p->raw >= f->size) {
		f->size = p->raw + 1; /* also of nothing there is something to point at */
		f->raw = xrealloc(f->raw, f->size, 1);
	}
	packed = u->store->type->fetch(u->store, p, u->packed, u->size, &why);
	if (packed < 0) {
		if (why.code == ERROR_NOT_FOUND)
			return lost(e, "pack", &p->pack);
		*e = why;
		return -1;
	}
	got = u->decompress == NULL ? 0 : ZSTD_decompressDCtx(u->decompress, f->raw, f->size,
	    u->packed, (size_t)packed);
	if (ZSTD_isError(got) || got != p->raw)
		return damaged(p, e);
	f->pack = p->pack;
	f->at = p->at;
	f->n = got;
	return 0;
}

int
unpack_chunk(struct unpack *u, const struct digest *d, const struct place *p, struct span *bytes,
    struct error *e)
{
	struct frame *f = NULL, *oldest = &u->frames[0];
	struct digest is;

	if (p->packed == 0)
		return lost(e, "chunk", d);
	for (size_t i = 0; i < FRAMES && f == NULL; i++) {
		struct frame *x = &u->frames[i];

		if (x->turn > 0 && x->at == p->at && digest_compare(&x->pack, &p->pack) == 0)
			f = x;
		else if (x->turn < oldest->turn)
			oldest = x;
	}
	if (f == NULL) {
		f = oldest;
		if (fill(u, f, p, e) < 0)
			return -1;
	}
	f->turn = ++u->turn;
	if (p->from > f->n || p->size > f->n - p->from)
		return damaged(p, e);
	digest_of(u->digest, &is, f->raw + p->from, p->size);
	if (digest_compare(&is, d) != 0)
		return damaged(p, e);
	*bytes = (struct span){ f->raw + p->from, p->size };
	return 0;
}

int
unpack_find(struct unpack *u, const struct digest *d, struct span *bytes, struct error *e)
{
	struct place p;

	if (u->store->type->locate(u->store, d, 1, false, &p, e) < 0)
		return -1;
	return unpack_chunk(u, d, &p, bytes, e);
}
