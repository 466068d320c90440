#include "merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"

#define WINDOW 256
#define OUT (256 * 1024)

struct output {
	struct backend *b;
	struct backend_draft draft;
	struct digest_state *digest;
	struct bytes buffer;
};

static int
flush(struct output *o, struct error *e)
{
	digest_add(o->digest, o->buffer.data, o->buffer.len);
	if (kernel_write_all(o->draft.fd, o->buffer.data, o->buffer.len) < 0)
		return error_sys(e, "write an index");
	o->buffer.len = 0;
	return 0;
}

static int
add(struct output *o, const void *p, size_t n, struct error *e)
{
	bytes_add(&o->buffer, p, n);
	return o->buffer.len < OUT ? 0 : flush(o, e);
}

/* The source's next entry that is not left out, its pack being the new number; 1, at its end 0, or -1. */
static int
advance(struct backend *b, struct merge_source *s, struct error *e)
{
	for (;;) {
		struct format_entry *entry;

		if (s->next == s->have) {
			size_t want = s->n < WINDOW ? (size_t)s->n : WINDOW;
			ssize_t got;

			if (want == 0)
				return 0;
			got = b->type->get(b, s->name, s->at, s->window, want * sizeof(*entry), e);
			if (got < 0)
				return -1;
			if ((size_t)got != want * sizeof(*entry))
				return error_set(e, ERROR_INPUT, "%s: is cut short", s->name);
			s->at += got;
			s->n -= want;
			s->have = want;
			s->next = 0;
		}
		entry = &s->window[s->next];
		if (s->numbers == NULL) {
			entry->pack = s->number;
			return 1;
		}
		if (entry->pack < s->nnumbers && s->numbers[entry->pack] != UINT32_MAX) {
			entry->pack = s->numbers[entry->pack];
			return 1;
		}
		s->next++;
	}
}

static int
order(const struct merge_source *x, const struct merge_source *y)
{
	const struct format_entry *a = &x->window[x->next], *b = &y->window[y->next];
	int by = digest_compare(&a->digest, &b->digest);

	return by != 0 ? by : (a->pack > b->pack) - (a->pack < b->pack);
}

/* A heap whose least is the first. */
static void
sink(struct merge_source **heap, size_t n, size_t i)
{
	for (;;) {
		size_t least = i, left = 2 * i + 1;

		for (size_t child = left; child < n && child < left + 2; child++) {
			if (order(heap[child], heap[least]) < 0)
				least = child;
		}
		if (least == i)
			return;
		struct merge_source *moved = heap[i];
		heap[i] = heap[least];
		heap[least] = moved;
		i = least;
	}
}

static int
merge(struct output *o, struct merge_source *sources, size_t n, uint64_t *count, struct error *e)
{
	AUTO_FREE struct merge_source **heap = xmalloc((n + 1) * sizeof(struct merge_source *));
	size_t live = 0;

	for (size_t i = 0; i < n; i++) {
		int there = advance(o->b, &sources[i], e);

		if (there < 0)
			return -1;
		if (there > 0)
			heap[live++] = &sources[i];
	}
	for (size_t i = live; i-- > 0;)
		sink(heap, live, i);
	while (live > 0) {
		struct merge_source *s = heap[0];
		int there;

		if (add(o, &s->window[s->next], sizeof(struct format_entry), e) < 0)
			return -1;
		(*count)++;
		s->next++;
		there = advance(o->b, s, e);
		if (there < 0)
			return -1;
		if (there == 0)
			heap[0] = heap[--live];
		sink(heap, live, 0);
	}
	return 0;
}

/* How many entries are behind all of this is known from where the file ends. */
static int
write_all(struct output *o, const struct digest *packs, uint32_t npacks,
    struct merge_source *sources, size_t n,
    struct error *e)
{
	struct format_index head = { .magic = FORMAT_INDEX_MAGIC, .packs = npacks };
	uint64_t count = 0;

	if (add(o, &head, sizeof(head), e) < 0 || add(o, packs, npacks * sizeof(*packs), e) < 0 ||
	    merge(o, sources, n, &count, e) < 0)
		return -1;
	return flush(o, e);
}

int
merge_write(struct backend *b, const char *side, const struct digest *packs, uint32_t npacks,
    struct merge_source *sources, size_t n, char name[96], struct error *e)
{
	AUTO_FREE struct format_entry *windows = xmalloc((n + 1) * WINDOW * sizeof(struct format_entry));
	struct output o = { .b = b, .digest = digest_new() };
	struct digest id;
	char hex[DIGEST_HEX + 1];
	int result = -1;

	for (size_t i = 0; i < n; i++)
		sources[i].window = windows + i * WINDOW;
	snprintf(name, 96, "%sindex/", side);
	if (b->type->draft(b, name, &o.draft, e) == 0) {
		result = write_all(&o, packs, npacks, sources, n, e);
		digest_end(o.digest, &id);
		digest_hex(&id, hex);
		snprintf(name, 96, "%sindex/%s", side, hex);
		if (result == 0)
			result = b->type->publish(b, &o.draft, name, e);
		else
			b->type->drop(b, &o.draft);
	}
	digest_free(o.digest);
	bytes_free(&o.buffer);
	return result;
}
