#include "index.h"

#include <endian.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "merge.h"

/* Packs, and entries in them, that no index object covers, before one is made: those entries are held. */
#define LOOSE_PACKS 16
#define LOOSE_ENTRIES 8192
/* A map larger than this is given back every so many look-ups: what was looked at counts as our memory. */
#define MAP_KEPT (16 * 1024 * 1024)
#define MAP_LOOKS 256
#define CONDEMNED_LIMIT (64 * 1024 * 1024)

/* Entries in memory, sorted; their pack is a number in the index's packs. */
struct part {
	struct format_entry *entries;
	size_t n;
};

struct index {
	struct backend *backend;
	const char *side;
	struct index_pack *packs; /* those that were there, sorted, and behind them those that were added */
	size_t npacks, size, sorted;
	char **objects; /* index objects that are there */
	size_t nobjects;
	void *map;
	size_t length;
	const struct format_entry *entries; /* in the map */
	size_t n;
	uint32_t *numbers; /* of the map's packs, in packs; UINT32_MAX: it is gone */
	size_t nnumbers;
	struct part *parts;
	size_t nparts;
	atomic_uint looks;
};

void
index_pack_name(const char *side, const struct digest *id, char name[96])
{
	char hex[DIGEST_HEX + 1];

	digest_hex(id, hex);
	snprintf(name, 96, "%spacks/%s", side, hex);
}

static struct index_pack *
add_pack(struct index *x, const struct digest *id)
{
	if (x->npacks == x->size) {
		x->size = x->size == 0 ? 64 : 2 * x->size;
		x->packs = xrealloc(x->packs, x->size, sizeof(*x->packs));
	}
	x->packs[x->npacks] = (struct index_pack){ .id = *id };
	return &x->packs[x->npacks++];
}

static int
list_pack(void *arg, const struct backend_object *o)
{
	struct index *x = arg;
	const char *last = strrchr(o->name, '/') + 1;
	struct digest id;

	if (digest_parse(&id, (struct span){ last, strlen(last) })) {
		struct index_pack *p = add_pack(x, &id);

		p->size = o->size;
		p->used = o->used;
	}
	return 0;
}

static int
list_object(void *arg, const struct backend_object *o)
{
	struct index *x = arg;

	x->objects = xrealloc(x->objects, x->nobjects + 1, sizeof(*x->objects));
	x->objects[x->nobjects++] = xstrdup(o->name);
	return 0;
}

static int
compare_packs(const void *a, const void *b)
{
	return digest_compare(&((const struct index_pack *)a)->id, &((const struct index_pack *)b)->id);
}

static struct index_pack *
pack_by_id(const struct index *x, const struct digest *id)
{
	const struct index_pack key = { .id = *id };

	return x->sorted == 0 ? NULL : bsearch(&key, x->packs, x->sorted, sizeof(key), compare_packs);
}

/* What is condemned, a digest a line. It is read before the packs are listed: whoever takes them away removes
 * them first and this list then, so that one of them is on the list or is not seen. */
static int
read_condemned(struct index *x, struct bytes *text, struct error *e)
{
	AUTO_FREE char *name = xformat("%scondemned", x->side);
	struct error why;

	if (backend_read(x->backend, name, CONDEMNED_LIMIT, text, &why) == 0 || why.code == ERROR_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

static int
mark_condemned(struct index *x, const struct bytes *text, struct error *e)
{
	for (size_t at = 0; at + DIGEST_HEX < text->len; at += DIGEST_HEX + 1) {
		struct digest id;
		struct index_pack *p;

		if (!digest_parse(&id, (struct span){ text->data + at, DIGEST_HEX }))
			return error_set(e, ERROR_INPUT, "%scondemned: is damaged", x->side);
		p = pack_by_id(x, &id);
		if (p != NULL)
			p->condemned = true;
	}
	return 0;
}

static void
unmap(struct index *x)
{
	if (x->map != NULL)
		munmap(x->map, x->length);
	free(x->numbers);
	x->map = NULL;
	x->numbers = NULL;
	x->entries = NULL;
	x->n = x->nnumbers = 0;
	for (size_t i = 0; i < x->npacks; i++)
		x->packs[i].covered = false;
}

/* Maps an index object; what is wrong in it is no error, as it is only made of packs: it is as if it were not
 * there. How many packs it covers. */
static size_t
map_object(struct index *x, const char *name)
{
	int fd = x->backend->type->open_object(x->backend, name, NULL);
	const struct format_index *head;
	const struct digest *ids;
	struct stat st;
	size_t covered = 0;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof(*head)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return 0;
	unmap(x);
	x->map = map;
	x->length = (size_t)st.st_size;
	head = map;
	ids = (const struct digest *)(head + 1);
	if (memcmp(head->magic, FORMAT_INDEX_MAGIC, FORMAT_MAGIC) != 0 ||
	    head->packs > (x->length - sizeof(*head)) / sizeof(*ids)) {
		unmap(x);
		return 0;
	}
	x->nnumbers = head->packs;
	x->entries = (const struct format_entry *)(ids + head->packs);
	x->n = (x->length - (size_t)((const char *)x->entries - (const char *)map)) / sizeof(*x->entries);
	x->numbers = xmalloc((x->nnumbers + 1) * sizeof(*x->numbers));
	for (size_t i = 0; i < x->nnumbers; i++) {
		struct index_pack *p = pack_by_id(x, &ids[i]);

		x->numbers[i] = p == NULL ? UINT32_MAX : (uint32_t)(p - x->packs);
		if (p != NULL) {
			p->covered = true;
			covered++;
		}
	}
	return covered;
}

/* Of the index objects that are there, the one that covers the most packs. */
static void
map_best(struct index *x)
{
	size_t best = 0, most = 0;

	for (size_t i = 0; i < x->nobjects; i++) {
		size_t covered = map_object(x, x->objects[i]);

		if (covered > most) {
			most = covered;
			best = i;
		}
	}
	unmap(x);
	if (most > 0)
		map_object(x, x->objects[best]);
}

static bool
entries_ok(const struct format_entry *entries, size_t n, uint64_t end)
{
	for (size_t i = 0; i < n; i++) {
		const struct format_entry *x = &entries[i];

		if (x->raw > FORMAT_FRAME_LIMIT || x->packed > FORMAT_FRAME_LIMIT || x->at > end ||
		    x->packed > end - x->at || x->from > x->raw || x->size > x->raw - x->from ||
		    x->size > FORMAT_CHUNK)
			return false;
		if (i > 0 && digest_compare(&entries[i - 1].digest, &x->digest) > 0)
			return false;
	}
	return true;
}

/* Where a pack is read from: an object, or a file that is none yet. */
struct source {
	struct backend *backend;
	int fd;
	const char *name;
	int64_t size;
};

static ssize_t
source_get(const struct source *s, int64_t from, void *into, size_t n, struct error *e)
{
	ssize_t got;

	if (s->backend != NULL)
		return s->backend->type->get(s->backend, s->name, from, into, n, e);
	got = kernel.pread(s->fd, into, n, from);
	return got < 0 ? error_sys(e, "read %s", s->name) : got;
}

static int
read_foot(const struct source *s, struct format_foot *foot, struct error *e)
{
	ssize_t got;

	if (s->size < (int64_t)(FORMAT_MAGIC + sizeof(*foot)))
		return error_set(e, ERROR_INPUT, "%s: is no pack", s->name);
	got = source_get(s, s->size - (int64_t)sizeof(*foot), foot, sizeof(*foot), e);
	if (got < 0)
		return -1;
	if (got != (ssize_t)sizeof(*foot) || memcmp(foot->magic, FORMAT_FOOT_MAGIC, FORMAT_MAGIC) != 0 ||
	    foot->n > 4 * FORMAT_PACK_ENTRIES || foot->entries > (uint64_t)s->size ||
	    foot->entries + foot->n * sizeof(struct format_entry) + sizeof(*foot) != (uint64_t)s->size)
		return error_set(e, ERROR_INPUT, "%s: its end is no pack's", s->name);
	return 0;
}

static int
read_pack(const struct source *s, struct bytes *into, struct error *e)
{
	struct format_foot foot;
	size_t n;
	ssize_t got;
	char *p;

	if (read_foot(s, &foot, e) < 0)
		return -1;
	n = foot.n * sizeof(struct format_entry);
	p = bytes_reserve(into, n + 1);
	got = source_get(s, (int64_t)foot.entries, p, n, e);
	if (got < 0)
		return -1;
	if ((size_t)got != n || !entries_ok((const struct format_entry *)(const void *)p, foot.n,
	    foot.entries))
		return error_set(e, ERROR_INPUT, "%s: its entries are no pack's", s->name);
	into->len += n;
	return 0;
}

int
index_read_pack(struct backend *b, const char *name, int64_t size, struct bytes *into, struct error *e)
{
	return read_pack(&(struct source){ b, -1, name, size }, into, e);
}

int
index_read_draft(int fd, int64_t size, struct bytes *into, struct error *e)
{
	return read_pack(&(struct source){ NULL, fd, "the pack", size }, into, e);
}

/* Makes an index object of the one that is mapped and all loose packs, and maps that. */
static int
cover(struct index *x, const uint32_t *loose, size_t nloose, const struct format_foot *feet, struct error *e)
{
	struct merge_source *sources = xmalloc((nloose + 1) * sizeof(*sources));
	struct digest *ids = xmalloc((x->npacks + 1) * sizeof(*ids));
	AUTO_FREE char *mapped = NULL;
	char name[96];
	size_t n = 0;
	int result;

	for (size_t i = 0; i < x->npacks; i++)
		ids[i] = x->packs[i].id;
	if (x->map != NULL) {
		/* which of the objects it is, only the best one's entries say */
		for (size_t i = 0; i < x->nobjects; i++) {
			struct backend_object o;

			if (x->backend->type->stat(x->backend, x->objects[i], &o, NULL) == 0 &&
			    (size_t)o.size == x->length)
				mapped = xstrdup(x->objects[i]);
		}
	}
	if (mapped != NULL) {
		sources[0] = (struct merge_source){ .name = mapped,
			.at = (int64_t)(sizeof(struct format_index) + x->nnumbers * sizeof(struct digest)),
			.n = x->n, .numbers = x->numbers, .nnumbers = x->nnumbers };
		n = 1;
	}
	for (size_t i = 0; i < nloose; i++, n++) {
		index_pack_name(x->side, &ids[loose[i]], name);
		sources[n] = (struct merge_source){ .name = xstrdup(name), .at = (int64_t)feet[i].entries,
			.n = feet[i].n, .number = loose[i] };
	}
	result = merge_write(x->backend, x->side, ids, (uint32_t)x->npacks, sources, n, name, e);
	for (size_t i = mapped != NULL; i < n; i++)
		free(sources[i].name);
	free(sources);
	free(ids);
	if (result < 0)
		return -1;
	/* those who have one of them mapped keep it */
	for (size_t i = 0; i < x->nobjects; i++) {
		if (strcmp(x->objects[i], name) != 0)
			(void)x->backend->type->remove(x->backend, x->objects[i], NULL);
	}
	map_object(x, name);
	return 0;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct format_entry *x = a, *y = b;
	int by = digest_compare(&x->digest, &y->digest);

	return by != 0 ? by : (x->pack > y->pack) - (x->pack < y->pack);
}

static void
add_part(struct index *x, struct format_entry *entries, size_t n)
{
	x->parts = xrealloc(x->parts, x->nparts + 1, sizeof(*x->parts));
	x->parts[x->nparts++] = (struct part){ entries, n };
}

/* Holds the entries of loose packs, in one sorted run. */
static int
hold(struct index *x, const uint32_t *loose, size_t nloose, struct error *e)
{
	struct bytes all = { 0 };
	struct error why;
	size_t n;

	for (size_t i = 0; i < nloose; i++) {
		size_t was = all.len;
		char name[96];
		struct format_entry *entries;

		index_pack_name(x->side, &x->packs[loose[i]].id, name);
		if (index_read_pack(x->backend, name, x->packs[loose[i]].size, &all, &why) < 0) {
			all.len = was;
			if (why.code == ERROR_INPUT || why.code == ERROR_NOT_FOUND)
				continue;
			bytes_free(&all);
			*e = why;
			return -1;
		}
		entries = (struct format_entry *)(void *)(all.data + was);
		for (size_t k = 0; k < (all.len - was) / sizeof(*entries); k++)
			entries[k].pack = loose[i];
	}
	n = all.len / sizeof(struct format_entry);
	if (n == 0) {
		bytes_free(&all);
		return 0;
	}
	qsort(all.data, n, sizeof(struct format_entry), compare_entries);
	add_part(x, (struct format_entry *)(void *)bytes_give(&all), n);
	return 0;
}

static int
take_loose(struct index *x, bool all, struct error *e)
{
	AUTO_FREE uint32_t *loose = xmalloc((x->npacks + 1) * sizeof(*loose));
	AUTO_FREE struct format_foot *feet = xmalloc((x->npacks + 1) * sizeof(*feet));
	size_t n = 0, gone = 0;
	uint64_t entries = 0;
	struct error why;

	for (size_t i = 0; i < x->npacks; i++) {
		char name[96];

		if (x->packs[i].covered)
			continue;
		index_pack_name(x->side, &x->packs[i].id, name);
		if (read_foot(&(struct source){ x->backend, -1, name, x->packs[i].size }, &feet[n],
		    &why) < 0) {
			/* it is as if it were not there: one that is damaged takes no other along, and
			 * verify names it */
			if (why.code == ERROR_INPUT || why.code == ERROR_NOT_FOUND)
				continue;
			*e = why;
			return -1;
		}
		entries += feet[n].n;
		loose[n++] = (uint32_t)i;
	}
	for (size_t i = 0; i < x->nnumbers; i++)
		gone += x->numbers[i] == UINT32_MAX;
	if (all ? n > 0 || gone > 0 || x->map == NULL : n > LOOSE_PACKS || entries > LOOSE_ENTRIES) {
		if (cover(x, loose, n, feet, &why) == 0)
			return 0;
		/* who only may read holds them all */
		if (all) {
			*e = why;
			return -1;
		}
	}
	return hold(x, loose, n, e);
}

struct index *
index_load(struct backend *b, const char *side, bool all, struct error *e)
{
	struct index *x = xmalloc(sizeof(*x));
	AUTO_FREE char *packs = xformat("%spacks/", side), *objects = xformat("%sindex/", side);
	AUTO_BYTES condemned = { 0 };

	x->backend = b;
	x->side = side;
	if (read_condemned(x, &condemned, e) < 0 || b->type->list(b, packs, list_pack, x, e) != 0 ||
	    b->type->list(b, objects, list_object, x, e) != 0) {
		index_free(x);
		return NULL;
	}
	if (x->npacks > 0)
		qsort(x->packs, x->npacks, sizeof(*x->packs), compare_packs);
	x->sorted = x->npacks;
	map_best(x);
	if (mark_condemned(x, &condemned, e) < 0 || take_loose(x, all, e) < 0) {
		index_free(x);
		return NULL;
	}
	return x;
}

void
index_free(struct index *x)
{
	if (x == NULL)
		return;
	unmap(x);
	for (size_t i = 0; i < x->nparts; i++)
		free(x->parts[i].entries);
	for (size_t i = 0; i < x->nobjects; i++)
		free(x->objects[i]);
	free(x->objects);
	free(x->parts);
	free(x->packs);
	free(x);
}

/* The number that the digest begins with. */
static uint64_t
beginning(const struct digest *d)
{
	uint64_t big;

	memcpy(&big, d->bytes, sizeof(big));
	return be64toh(big);
}

/* About where a digest is: they are spread evenly, so that a few looks take the place of many. */
static size_t
guess(const struct format_entry *entries, size_t n, const struct digest *d)
{
	uint64_t wanted = beginning(d);
	size_t at = (size_t)(((unsigned __int128)wanted * n) >> 64);

	for (int look = 0; look < 2; look++) {
		uint64_t is = beginning(&entries[at].digest);
		uint64_t apart = is < wanted ? wanted - is : is - wanted;
		size_t step = (size_t)(((unsigned __int128)apart * n) >> 64);

		if (is < wanted)
			at = step < n - at ? at + step : n - 1;
		else
			at = step < at ? at - step : 0;
	}
	return at;
}

/* The first entry of that digest; n when there is none. */
static size_t
search(const struct format_entry *entries, size_t n, const struct digest *d)
{
	size_t low, high, step = 1;

	if (n == 0)
		return n;
	low = high = guess(entries, n, d);
	while (low > 0 && digest_compare(&entries[low].digest, d) >= 0) {
		high = low;
		low = step < low ? low - step : 0;
		step *= 2;
	}
	while (high < n && digest_compare(&entries[high].digest, d) < 0) {
		low = high + 1;
		high = step < n - high ? high + step : n;
		step *= 2;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (digest_compare(&entries[middle].digest, d) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && digest_compare(&entries[low].digest, d) == 0 ? low : n;
}

const struct index_pack *
index_pack_of(const struct index *x, const struct format_entry *entry)
{
	uint32_t number = entry->pack;

	if (x->map != NULL && (const char *)entry >= (const char *)x->map &&
	    (const char *)entry < (const char *)x->map + x->length)
		number = number < x->nnumbers ? x->numbers[number] : UINT32_MAX;
	return number < x->npacks ? &x->packs[number] : NULL;
}

static const struct format_entry *
find_in(const struct index *x, const struct format_entry *entries, size_t n, const struct digest *d,
    bool usable)
{
	for (size_t i = search(entries, n, d); i < n && digest_compare(&entries[i].digest, d) == 0; i++) {
		const struct index_pack *p = index_pack_of(x, &entries[i]);

		if (p != NULL && !(usable && p->condemned) && entries_ok(&entries[i], 1, (uint64_t)p->size))
			return &entries[i];
	}
	return NULL;
}

const struct format_entry *
index_entry(const struct index *x, const struct digest *d, bool usable)
{
	const struct format_entry *found = find_in(x, x->entries, x->n, d, usable);

	for (size_t i = 0; i < x->nparts && found == NULL; i++)
		found = find_in(x, x->parts[i].entries, x->parts[i].n, d, usable);
	if (x->length > MAP_KEPT) {
		unsigned looks = atomic_fetch_add(&((struct index *)(uintptr_t)x)->looks, 1);

		if (looks % MAP_LOOKS == 0)
			(void)madvise(x->map, x->length, MADV_DONTNEED);
	}
	return found;
}

bool
index_find(const struct index *x, const struct digest *d, bool usable, struct place *p)
{
	const struct format_entry *found = index_entry(x, d, usable);

	if (found == NULL)
		return false;
	*p = (struct place){ .pack = index_pack_of(x, found)->id, .stranger = x->side[0] != '\0',
	    .at = found->at,
		.packed = found->packed, .raw = found->raw, .from = found->from, .size = found->size };
	return true;
}

void
index_add(struct index *x, const struct digest *pack, const struct format_entry *entries, size_t n)
{
	struct format_entry *copy = xmalloc((n + 1) * sizeof(*copy));
	struct index_pack *p = add_pack(x, pack);

	p->size = INT64_MAX;
	for (size_t i = 0; i < n; i++) {
		copy[i] = entries[i];
		copy[i].pack = (uint32_t)(x->npacks - 1);
	}
	add_part(x, copy, n);
}

size_t
index_chunks(const struct index *x)
{
	size_t n = x->n;

	for (size_t i = 0; i < x->nparts; i++)
		n += x->parts[i].n;
	return n;
}

const struct index_pack *
index_packs(const struct index *x, size_t *n)
{
	*n = x->npacks;
	return x->packs;
}

const struct format_entry *
index_entries(const struct index *x, size_t *n)
{
	*n = x->n;
	return x->entries;
}
