#include "grants.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "kernel.h"
#include "manifest.h"
#include "memory.h"
#include "unpack.h"

/* 68 bytes of memory each. */
#define CHUNKS 400000
/* Most of it is zeros or what came out of the same compressor. */
#define LEVEL 1

struct grants {
	char *within;
	struct digest *packs; /* that pack of an entry is of; twice where both sides have it */
	bool *strangers;      /* which side each is on */
	size_t npacks, last;
	struct format_entry *all; /* sorted by chunk, place */
	uint32_t *frames;         /* of them, sorted by place */
	size_t n, room;
	bool sorted;
};

struct grants *
grants_new(const char *within)
{
	struct grants *g = xmalloc(sizeof(*g));

	*g = (struct grants){ .within = xstrdup(within), .sorted = true };
	return g;
}

void
grants_free(struct grants *g)
{
	if (g == NULL)
		return;
	free(g->within);
	free(g->packs);
	free(g->strangers);
	free(g->all);
	free(g->frames);
	free(g);
}

const char *
grants_within(const struct grants *g)
{
	return g->within;
}

bool
grants_build(const struct grants *g, const char *build)
{
	size_t n = strlen(g->within);

	return strncmp(build, g->within, n) == 0 && build[n] == '/';
}

bool
grants_name(const struct grants *g, const char *name)
{
	const char *slash = strchr(name, '/');

	return slash != NULL && grants_build(g, slash + 1);
}

/* ---- chunks */

static int
by_place(const struct format_entry *a, const struct format_entry *b)
{
	if (a->pack != b->pack)
		return a->pack < b->pack ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

static int
by_chunk(const void *a, const void *b)
{
	const struct format_entry *x = a, *y = b;
	int by = digest_compare(&x->digest, &y->digest);

	return by != 0 ? by : by_place(x, y);
}

static int
by_frame(const void *a, const void *b, void *arg)
{
	const struct format_entry *all = arg;

	return by_place(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]);
}

static void
sort(struct grants *g)
{
	size_t kept = 0;

	if (g->sorted)
		return;
	qsort(g->all, g->n, sizeof(*g->all), by_chunk);
	for (size_t i = 0; i < g->n; i++) {
		if (kept == 0 || by_chunk(&g->all[kept - 1], &g->all[i]) != 0)
			g->all[kept++] = g->all[i];
	}
	g->n = kept;
	g->frames = xrealloc(g->frames, g->n + 1, sizeof(*g->frames));
	for (size_t i = 0; i < g->n; i++)
		g->frames[i] = (uint32_t)i;
	qsort_r(g->frames, g->n, sizeof(*g->frames), by_frame, g->all);
	g->sorted = true;
}

static uint32_t
pack_number(struct grants *g, const struct digest *pack, bool stranger)
{
	/* neighbours are mostly of one */
	for (size_t i = 0; i < g->npacks; i++) {
		size_t at = (g->last + i) % g->npacks;

		if (g->strangers[at] == stranger && digest_compare(&g->packs[at], pack) == 0) {
			g->last = at;
			return (uint32_t)at;
		}
	}
	g->packs = xrealloc(g->packs, g->npacks + 1, sizeof(*g->packs));
	g->strangers = xrealloc(g->strangers, g->npacks + 1, sizeof(*g->strangers));
	g->packs[g->npacks] = *pack;
	g->strangers[g->npacks] = stranger;
	g->last = g->npacks;
	return (uint32_t)g->npacks++;
}

static int
add(struct grants *g, const struct format_entry *x, struct error *e)
{
	if (g->n == CHUNKS)
		sort(g);
	if (g->n == CHUNKS)
		return error_set(e, ERROR_LIMIT, "more than %d chunks, for a token of less than all", CHUNKS);
	if (g->n == g->room) {
		g->room = g->room == 0 ? 1024 : 2 * g->room;
		g->all = xrealloc(g->all, g->room, sizeof(*g->all));
	}
	g->all[g->n++] = *x;
	g->sorted = false;
	return 0;
}

/* The first of a chunk; NULL when it is not granted. */
static const struct format_entry *
find(struct grants *g, const struct digest *d)
{
	size_t low = 0, high;

	sort(g);
	for (high = g->n; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (digest_compare(&g->all[middle].digest, d) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < g->n && digest_compare(&g->all[low].digest, d) == 0 ? &g->all[low] : NULL;
}

/* ---- trees */

struct tree {
	struct grants *grants;
	struct store *store;
};

static int
grant(void *arg, const struct digest *d, struct error *e)
{
	struct tree *t = arg;
	struct place p;

	if (t->store->type->locate(t->store, d, 1, false, &p, e) < 0)
		return -1;
	/* what is lost is told by who wants to have it */
	if (p.packed == 0)
		return 0;
	return add(t->grants, &(struct format_entry){ .digest = *d, .at = p.at, .packed = p.packed,
		.raw = p.raw, .from = p.from, .size = p.size,
		.pack = pack_number(t->grants, &p.pack, p.stranger) }, e);
}

static int
check(void *arg, const struct digest *d, struct error *e)
{
	struct tree *t = arg;

	return find(t->grants, d) != NULL ? 0 :
	    error_set(e, ERROR_REFUSED, "it stands on what this token has neither stored nor found");
}

static int
walk(struct grants *g, struct store *s, const struct digest *root,
    int (*each)(void *arg, const struct digest *d, struct error *e), struct error *e)
{
	struct tree t = { g, s };
	struct unpack *u = unpack_begin(s);
	struct manifest_reader *r = NULL;
	int64_t files, bytes;
	int result = each(&t, root, e);

	if (result == 0 && (r = manifest_open(u, root, &files, &bytes, e)) == NULL)
		result = -1;
	if (result == 0)
		result = manifest_each(r, each, &t, e);
	manifest_close(r);
	unpack_end(u);
	return result;
}

int
grants_tree(struct grants *g, struct store *s, const struct digest *root, struct error *e)
{
	return walk(g, s, root, grant, e);
}

int
grants_check(struct grants *g, struct store *s, const struct digest *root, struct error *e)
{
	return walk(g, s, root, check, e);
}

void
grants_narrow(struct grants *g, const struct digest *chunks, size_t n, struct place *places)
{
	for (size_t i = 0; i < n; i++) {
		const struct format_entry *x = places[i].packed == 0 ? NULL : find(g, &chunks[i]);

		/* there may be others like it: which one this session reads is what was granted */
		places[i] = (struct place){ 0 };
		if (x != NULL)
			places[i] = (struct place){ .pack = g->packs[x->pack],
				.stranger = g->strangers[x->pack], .at = x->at, .packed = x->packed,
				.raw = x->raw, .from = x->from, .size = x->size };
	}
}

/* ---- packs */

static int
in_file(const void *a, const void *b)
{
	const struct format_entry *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* The frame of an entry: in raw, which grows. 0 or -1. */
static int
read_frame(int fd, const struct format_entry *x, struct bytes *packed, struct bytes *raw, struct error *e)
{
	size_t did = 0, got;

	packed->len = raw->len = 0;
	if (x->packed > FORMAT_FRAME_LIMIT || x->raw > FORMAT_FRAME_LIMIT)
		return error_set(e, ERROR_REFUSED, "the pack has a frame that is too large");
	bytes_reserve(packed, x->packed);
	bytes_reserve(raw, x->raw + 1);
	while (did < x->packed) {
		ssize_t n = kernel.pread(fd, packed->data + did, x->packed - did, (off_t)(x->at + did));

		if (n <= 0)
			return error_sys(e, "read a pack");
		did += (size_t)n;
	}
	got = ZSTD_decompress(raw->data, x->raw, packed->data, x->packed);
	if (ZSTD_isError(got) || got != x->raw)
		return error_set(e, ERROR_REFUSED, "a frame of the pack is none");
	raw->len = got;
	return 0;
}

int
grants_verify(int fd, const struct format_entry *entries, size_t n, struct error *e)
{
	AUTO_FREE struct format_entry *all = xmalloc((n + 1) * sizeof(*all));
	AUTO_BYTES packed = { 0 }, raw = { 0 };
	struct digest_state *state = digest_new();
	int result = 0;

	memcpy(all, entries, n * sizeof(*all));
	qsort(all, n, sizeof(*all), in_file);
	for (size_t i = 0; i < n && result == 0; i++) {
		const struct format_entry *x = &all[i];
		struct digest is;

		if (i == 0 || x->at != x[-1].at || x->packed != x[-1].packed || x->raw != x[-1].raw)
			result = read_frame(fd, x, &packed, &raw, e);
		if (result < 0)
			break;
		if (x->from > raw.len || x->size > raw.len - x->from) {
			result = error_set(e, ERROR_REFUSED,
			    "the pack has a chunk that is in none of its frames");
			break;
		}
		digest_of(state, &is, raw.data + x->from, x->size);
		if (digest_compare(&is, &x->digest) != 0)
			result = error_set(e, ERROR_REFUSED, "a chunk of the pack is not what it says");
	}
	digest_free(state);
	return result;
}

int
grants_pack(struct grants *g, const struct digest *pack, bool stranger, const struct format_entry *entries,
    size_t n, struct error *e)
{
	uint32_t number = pack_number(g, pack, stranger);

	for (size_t i = 0; i < n; i++) {
		struct format_entry x = entries[i];

		x.pack = number;
		if (add(g, &x, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- frames */

/* The first that is granted of the frame that begins there, in the order of places; g->n: nothing is. */
static size_t
first_of(struct grants *g, uint32_t pack, uint64_t at)
{
	size_t low = 0, high;

	for (high = g->n; low < high;) {
		size_t middle = low + (high - low) / 2;
		const struct format_entry *x = &g->all[g->frames[middle]];

		if (x->pack < pack || (x->pack == pack && x->at < at))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What is granted of it, and zeros. */
static int
mask(struct grants *g, size_t from, size_t until, struct span packed, struct bytes *into, struct error *e)
{
	const struct format_entry *first = &g->all[g->frames[from]];
	AUTO_FREE char *raw = xmalloc((size_t)first->raw + 1), *clear = xmalloc((size_t)first->raw + 1);
	size_t got = ZSTD_decompress(raw, first->raw, packed.p, packed.n), bound;

	if (ZSTD_isError(got) || got != first->raw)
		return error_set(e, ERROR_INPUT, "the pack is damaged: mci-blob verify finds what is lost");
	memset(clear, 0, got);
	for (size_t i = from; i < until; i++) {
		const struct format_entry *x = &g->all[g->frames[i]];

		if (x->from <= got && x->size <= got - x->from)
			memcpy(clear + x->from, raw + x->from, x->size);
	}
	bound = ZSTD_compressBound(got);
	got = ZSTD_compress(bytes_reserve(into, bound), bound, clear, got, LEVEL);
	if (ZSTD_isError(got))
		return error_set(e, ERROR_INTERNAL, "a frame cannot be compressed");
	into->len += got;
	return 0;
}

int
grants_frame(struct grants *g, struct store *s, const struct digest *pack, uint64_t at, struct bytes *into,
    struct error *e)
{
	sort(g);
	for (uint32_t number = 0; number < g->npacks; number++) {
		size_t from, until, covered = 0;
		const struct format_entry *x;
		AUTO_BYTES packed = { 0 };

		if (digest_compare(&g->packs[number], pack) != 0)
			continue;
		from = until = first_of(g, number, at);
		x = from < g->n ? &g->all[g->frames[from]] : NULL;
		if (x == NULL || x->pack != number || x->at != at || x->packed > FORMAT_FRAME_LIMIT ||
		    x->raw > FORMAT_FRAME_LIMIT)
			continue;
		while (until < g->n && g->all[g->frames[until]].pack == number &&
		    g->all[g->frames[until]].at == at)
			covered += g->all[g->frames[until++]].size;
		if (s->type->fetch(s, &(struct place){ .pack = *pack, .stranger = g->strangers[number],
		    .at = at, .packed = x->packed, .raw = x->raw }, bytes_reserve(&packed, x->packed),
		    x->packed, e) < 0)
			return -1;
		if (covered != x->raw)
			return mask(g, from, until, (struct span){ packed.data, x->packed }, into, e);
		bytes_add(into, packed.data, x->packed);
		return 0;
	}
	return error_set(e, ERROR_NOT_FOUND, "nothing of that pack is here for this token");
}
