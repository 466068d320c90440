#include "packer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "kernel.h"
#include "memory.h"

/* zstd's fastest level but for its shortest match, which is 7 there: programs become 5 per cent smaller
 * for 15 per cent of its time, text no larger. */
#define LEVEL 1
#define MATCH 5
/* Of the disk's writing that begins early, so that a sync has little to wait for. */
#define WRITE_BACK (8 * 1024 * 1024)
/* Enough of a digest to tell one session's chunks apart: 128 bits. */
#define KEY 16
/* So many are remembered, and as many before them: 16 MB. What is forgotten is stored once more when it comes
 * again. */
#define CLAIMED (400 * 1024)
#define CLAIM_MOST 4096

struct key {
	unsigned char bytes[KEY];
};

struct packer {
	struct store *store;
	pthread_mutex_t lock;
	struct claims {
		struct key *keys; /* open addressing; all zero: nothing */
		size_t n, size;
	} claims, before;
	/* the pack that is written */
	struct backend_draft draft;
	bool open;
	uint64_t at, written_back;
	struct digest_state *digest;
	struct format_entry *entries;
	size_t n, room;
	int64_t stored;
};

struct packer_thread {
	struct packer *p;
	struct digest_state *digest;
	ZSTD_CCtx *compress;
	char *packed;
	size_t size;
	struct digest *digests;
	struct place *places;
};

struct packer *
packer_new(struct store *s)
{
	struct packer *p = xmalloc(sizeof(*p));

	p->store = s;
	p->digest = digest_new();
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void
packer_free(struct packer *p)
{
	if (p == NULL)
		return;
	if (p->open)
		p->store->type->drop(p->store, &p->draft);
	pthread_mutex_destroy(&p->lock);
	digest_free(p->digest);
	free(p->claims.keys);
	free(p->before.keys);
	free(p->entries);
	free(p);
}

struct packer_thread *
packer_begin(struct packer *p)
{
	struct packer_thread *t = xmalloc(sizeof(*t));

	t->p = p;
	t->digest = digest_new();
	t->compress = ZSTD_createCCtx();
	if (t->compress != NULL) {
		(void)ZSTD_CCtx_setParameter(t->compress, ZSTD_c_compressionLevel, LEVEL);
		(void)ZSTD_CCtx_setParameter(t->compress, ZSTD_c_minMatch, MATCH);
	}
	t->digests = xmalloc(CLAIM_MOST * sizeof(*t->digests));
	t->places = xmalloc(CLAIM_MOST * sizeof(*t->places));
	return t;
}

void
packer_end(struct packer_thread *t)
{
	if (t == NULL)
		return;
	digest_free(t->digest);
	ZSTD_freeCCtx(t->compress);
	free(t->packed);
	free(t->digests);
	free(t->places);
	free(t);
}

struct digest_state *
packer_digest(struct packer_thread *t)
{
	return t->digest;
}

/* The slot of a key, or the free one where it would be. A digest is as good as random already. */
static struct key *
slot(const struct claims *c, const struct key *k)
{
	static const struct key none;
	size_t at;

	memcpy(&at, k->bytes, sizeof(at));
	for (at &= c->size - 1;; at = (at + 1) & (c->size - 1)) {
		if (memcmp(&c->keys[at], k, KEY) == 0 || memcmp(&c->keys[at], &none, KEY) == 0)
			return &c->keys[at];
	}
}

static bool
has(const struct claims *c, const struct key *k)
{
	return c->n > 0 && memcmp(slot(c, k), k, KEY) == 0;
}

static void
grow(struct claims *c)
{
	static const struct key none;
	struct claims larger = { .n = c->n, .size = c->size == 0 ? 1024 : 2 * c->size };

	larger.keys = xmalloc(larger.size * sizeof(*larger.keys));
	for (size_t i = 0; i < c->size; i++) {
		if (memcmp(&c->keys[i], &none, KEY) != 0)
			*slot(&larger, &c->keys[i]) = c->keys[i];
	}
	free(c->keys);
	*c = larger;
}

/* Whether it was claimed before. */
static bool
claim(struct packer *p, const struct digest *d)
{
	struct key k;

	memcpy(k.bytes, d->bytes, KEY);
	if (has(&p->claims, &k) || has(&p->before, &k))
		return true;
	if (p->claims.n == CLAIMED) {
		free(p->before.keys);
		p->before = p->claims;
		p->claims = (struct claims){ 0 };
	}
	if (p->claims.n * 5 >= p->claims.size * 4)
		grow(&p->claims);
	*slot(&p->claims, &k) = k;
	p->claims.n++;
	return false;
}

int
packer_locate(struct packer_thread *t, const struct digest *chunks, size_t n, struct place *places,
    struct error *e)
{
	return t->p->store->type->locate(t->p->store, chunks, n, true, places, e);
}

int
packer_claim(struct packer_thread *t, struct packer_chunk *chunks, size_t n, struct error *e)
{
	for (size_t from = 0; from < n; from += CLAIM_MOST) {
		size_t count = n - from < CLAIM_MOST ? n - from : CLAIM_MOST;

		for (size_t i = 0; i < count; i++)
			t->digests[i] = chunks[from + i].digest;
		if (t->p->store->type->locate(t->p->store, t->digests, count, true, t->places, e) < 0)
			return -1;
		pthread_mutex_lock(&t->p->lock);
		for (size_t i = 0; i < count; i++)
			chunks[from + i].stored = t->places[i].packed > 0 || claim(t->p, &t->digests[i]);
		pthread_mutex_unlock(&t->p->lock);
	}
	return 0;
}

static int
append(struct packer *p, const void *bytes, size_t n, struct error *e)
{
	if (kernel_write_all(p->draft.fd, bytes, n) < 0)
		return error_sys(e, "write a pack");
	digest_add(p->digest, bytes, n);
	p->at += n;
	if (p->at - p->written_back > WRITE_BACK) {
		(void)kernel.write_back(p->draft.fd, (off_t)p->written_back,
		    (off_t)(p->at - p->written_back));
		p->written_back = p->at;
	}
	return 0;
}

static int
open_pack(struct packer *p, struct error *e)
{
	struct digest dropped;

	if (p->store->type->draft(p->store, &p->draft, e) < 0)
		return -1;
	p->open = true;
	p->at = p->written_back = 0;
	p->n = 0;
	digest_end(p->digest, &dropped);
	return append(p, FORMAT_PACK_MAGIC, FORMAT_MAGIC, e);
}

static int
compare_entries(const void *a, const void *b)
{
	return digest_compare(&((const struct format_entry *)a)->digest,
	    &((const struct format_entry *)b)->digest);
}

static int
close_pack(struct packer *p, struct error *e)
{
	struct format_foot foot = { .entries = p->at, .n = (uint32_t)p->n, .magic = FORMAT_FOOT_MAGIC };
	struct digest id;

	qsort(p->entries, p->n, sizeof(*p->entries), compare_entries);
	if (append(p, p->entries, p->n * sizeof(*p->entries), e) < 0 || append(p, &foot, sizeof(foot), e) < 0)
		return -1;
	digest_end(p->digest, &id);
	p->open = false;
	return p->store->type->publish(p->store, &p->draft, &id, (int64_t)p->at, e);
}

static int
add_frame(struct packer *p, const void *packed, size_t npacked, size_t raw, const struct packer_chunk *chunks,
    size_t n, struct error *e)
{
	uint64_t at;

	if (!p->open && open_pack(p, e) < 0)
		return -1;
	at = p->at;
	for (size_t i = 0; i < n; i++) {
		if (chunks[i].stored)
			continue;
		if (p->n == p->room) {
			p->room = p->room == 0 ? 256 : 2 * p->room;
			p->entries = xrealloc(p->entries, p->room, sizeof(*p->entries));
		}
		p->entries[p->n++] = (struct format_entry){ .digest = chunks[i].digest, .at = at,
			.packed = (uint32_t)npacked, .raw = (uint32_t)raw, .from = chunks[i].from,
			.size = chunks[i].size };
	}
	p->stored += (int64_t)npacked;
	if (append(p, packed, npacked, e) < 0)
		return -1;
	return p->at < FORMAT_PACK && p->n < FORMAT_PACK_ENTRIES ? 0 : close_pack(p, e);
}

int
packer_store(struct packer_thread *t, const void *raw, size_t n, const struct packer_chunk *chunks,
    size_t nchunks, struct error *e)
{
	size_t bound = ZSTD_compressBound(n), packed;
	int result;

	if (bound > t->size) {
		free(t->packed);
		t->packed = xmalloc(bound);
		t->size = bound;
	}
	packed = t->compress == NULL ? 0 : ZSTD_compress2(t->compress, t->packed, t->size, raw, n);
	if (t->compress == NULL || ZSTD_isError(packed))
		return error_set(e, ERROR_INTERNAL, "zstd cannot compress");
	pthread_mutex_lock(&t->p->lock);
	result = add_frame(t->p, t->packed, packed, n, chunks, nchunks, e);
	pthread_mutex_unlock(&t->p->lock);
	return result;
}

int
packer_put(struct packer_thread *t, const void *raw, size_t n, struct digest *d, struct error *e)
{
	struct packer_chunk chunk = { .size = (uint32_t)n };

	digest_of(t->digest, &chunk.digest, raw, n);
	*d = chunk.digest;
	if (packer_claim(t, &chunk, 1, e) < 0)
		return -1;
	return chunk.stored ? 0 : packer_store(t, raw, n, &chunk, 1, e);
}

int
packer_finish(struct packer *p, struct error *e)
{
	return p->open ? close_pack(p, e) : 0;
}

int64_t
packer_stored(const struct packer *p)
{
	return p->stored;
}
