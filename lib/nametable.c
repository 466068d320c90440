#include "nametable.h"

#include <stdlib.h>

#include "memory.h"

#define SIZE_FIRST 64

struct nametable_slot {
	uint32_t hash;
	uint32_t place; /* plus one; 0: free */
};

static uint32_t
hash_of(struct span name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ h >> 32);
}

/* The slot of the name, or the free one where it belongs. There is one. */
static struct nametable_slot *
slot_of(const struct nametable *t, uint32_t hash, struct span name, nametable_is *is, const void *things)
{
	for (size_t i = hash & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
		struct nametable_slot *s = &t->slots[i];

		if (s->place == 0 || (s->hash == hash && is(things, s->place - 1, name)))
			return s;
	}
}

static void
grow(struct nametable *t)
{
	struct nametable old = *t;

	t->size = old.size == 0 ? SIZE_FIRST : old.size * 2;
	t->slots = xmalloc(t->size * sizeof(*t->slots));
	for (size_t i = 0; i < old.size; i++) {
		size_t at = old.slots[i].hash & (t->size - 1);

		if (old.slots[i].place == 0)
			continue;
		while (t->slots[at].place != 0)
			at = (at + 1) & (t->size - 1);
		t->slots[at] = old.slots[i];
	}
	free(old.slots);
}

uint32_t
nametable_find(const struct nametable *t, struct span name, nametable_is *is, const void *things)
{
	/* a free slot's 0 is NONE here */
	return t->size == 0 ? NAMETABLE_NONE : slot_of(t, hash_of(name), name, is, things)->place - 1;
}

uint32_t
nametable_put(
    struct nametable *t, struct span name, uint32_t place, nametable_is *is, const void *things)
{
	uint32_t hash = hash_of(name);
	struct nametable_slot *s;

	if (t->n * 4 >= t->size * 3)
		grow(t);
	s = slot_of(t, hash, name, is, things);
	if (s->place != 0)
		return s->place - 1;
	*s = (struct nametable_slot){ hash, place + 1 };
	t->n++;
	return place;
}

void
nametable_free(struct nametable *t)
{
	free(t->slots);
	*t = (struct nametable){ 0 };
}
