#include "sweeping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "marking.h"
#include "memory.h"
#include "naming.h"
#include "packer.h"
#include "store.h"
#include "unpack.h"

static const char *const sides[] = { "", STORE_STRANGER };

/* A pack of which less than one in so many bytes is needed is written anew. */
#define WORTH 2
/* So many packs of few bytes, one a save, become few. */
#define SMALL (FORMAT_PACK / 16)
#define MANY 32

struct work {
	struct sweeping *s;
	const char *address;
	struct backend *backend;
	struct record *names;
	size_t n, size;
};

static int
keep_name(void *arg, struct record *r)
{
	struct work *w = arg;

	if (w->n == w->size) {
		w->size = w->size == 0 ? 64 : 2 * w->size;
		w->names = xrealloc(w->names, w->size, sizeof(*w->names));
	}
	w->names[w->n++] = *r;
	return 0;
}

static int64_t
last_used(const struct record *r)
{
	return r->used > r->created ? r->used : r->created;
}

/* By scope and repository, in there the one that was used last first. */
static int
by_repository(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	AUTO_FREE char *one = record_repository(x->name), *other = record_repository(y->name);
	int by = x->stranger - y->stranger;

	if (by == 0)
		by = strcmp(one, other);
	return by != 0 ? by : (last_used(x) < last_used(y)) - (last_used(x) > last_used(y));
}

static int
remove_name(struct work *w, const struct record *r, const char *reason, struct error *e)
{
	struct error why;

	w->s->names++;
	if (!w->s->dry && naming_remove(w->backend, r->stranger ? STORE_STRANGER : "", r->name, &why) < 0 &&
	    why.code != ERROR_NOT_FOUND) {
		*e = why;
		return -1;
	}
	if (w->s->removed != NULL)
		w->s->removed(w->s->arg, r->name, r->stranger, reason);
	return 0;
}

static int
expire(struct work *w, struct error *e)
{
	AUTO_FREE char *repository = NULL;
	int64_t sum = 0, now = kernel.wall();
	bool stranger = false;

	if (w->n > 0)
		qsort(w->names, w->n, sizeof(*w->names), by_repository);
	for (size_t i = 0; i < w->n; i++) {
		struct record *r = &w->names[i];
		char *its = record_repository(r->name);
		const char *reason = NULL;

		if (repository == NULL || strcmp(repository, its) != 0 || stranger != r->stranger)
			sum = 0;
		free(repository);
		repository = its;
		stranger = r->stranger;
		if (w->s->age > 0 && now - last_used(r) > w->s->age)
			reason = "age";
		/* one that alone is over it stays as long as it is the last used one */
		else if (w->s->quota > 0 && sum > 0 && r->bytes > w->s->quota - sum)
			reason = "quota";
		if (reason == NULL)
			sum += r->bytes;
		else if (remove_name(w, r, reason, e) < 0)
			return -1;
	}
	return 0;
}

static int
expire_names(struct work *w, struct error *e)
{
	int result = 0;

	if (w->s->age == 0 && w->s->quota == 0)
		return 0;
	for (size_t side = 0; side < 2 && result == 0; side++)
		result = naming_list(w->backend, sides[side], "", keep_name, naming_pass_over, w, e);
	if (result == 0)
		result = expire(w, e);
	for (size_t i = 0; i < w->n; i++)
		record_free(&w->names[i]);
	free(w->names);
	return result;
}

/* Of each pack of one side: bytes of what is needed, and whether it is to go. */
struct fate {
	uint64_t live;
	bool goes;
};

static struct fate *
judge(struct marking *m, size_t side, uint64_t worth)
{
	size_t n, npacks;
	const struct format_entry *entries = index_entries(m->sides[side], &n);
	const struct index_pack *packs = index_packs(m->sides[side], &npacks);
	struct fate *fates = xmalloc((npacks + 1) * sizeof(*fates));
	size_t small = 0;

	for (size_t i = 0; i < n; i++) {
		const struct index_pack *p = index_pack_of(m->sides[side], &entries[i]);

		/* its part of the frame, as it is compressed, and its entry */
		if (p != NULL && marking_is_live(m, side, i) && entries[i].raw > 0)
			fates[p - packs].live += sizeof(entries[i]) +
			    (uint64_t)entries[i].packed * entries[i].size / entries[i].raw;
	}
	for (size_t i = 0; i < npacks; i++)
		small += packs[i].size < SMALL;
	for (size_t i = 0; i < npacks; i++)
		/* of one that is damaged nobody knows what is in it: verify is for that */
		fates[i].goes = !packs[i].covered ? false : fates[i].live == 0 || (worth > 0 &&
		    (fates[i].live < (uint64_t)packs[i].size / worth ||
		    (small > MANY && packs[i].size < SMALL)));
	return fates;
}

/* What is needed of packs that go is written once more. */
static int
rewrite(struct work *w, struct marking *m, size_t side, const struct fate *fates, struct error *e)
{
	struct store *store = direct_open(w->address, side == 1, false, e);
	struct packer *packer;
	struct packer_thread *thread;
	struct unpack *unpack;
	size_t n, npacks;
	const struct format_entry *entries = index_entries(m->sides[side], &n);
	const struct index_pack *packs = index_packs(m->sides[side], &npacks);
	AUTO_BYTES raw = { 0 };
	struct bytes chunks = { 0 };
	int result = 0;

	if (store == NULL)
		return -1;
	packer = packer_new(store);
	thread = packer_begin(packer);
	unpack = unpack_begin(store);
	for (size_t i = 0; i <= n && result == 0; i++) {
		const struct index_pack *p = i == n ? NULL : index_pack_of(m->sides[side], &entries[i]);
		bool wanted = p != NULL && fates[p - packs].goes && marking_is_live(m, side, i);
		struct packer_chunk chunk = { 0 };
		struct place place;
		struct span bytes;

		if (raw.len > 0 && (i == n || raw.len >= FORMAT_FRAME)) {
			result = packer_store(thread, raw.data, raw.len,
			    (const struct packer_chunk *)(const void *)chunks.data,
			    chunks.len / sizeof(chunk), e);
			raw.len = chunks.len = 0;
		}
		if (!wanted || result < 0)
			continue;
		place = (struct place){ .pack = p->id, .stranger = side == 1, .at = entries[i].at,
			.packed = entries[i].packed, .raw = entries[i].raw, .from = entries[i].from,
			.size = entries[i].size };
		result = unpack_chunk(unpack, &entries[i].digest, &place, &bytes, e);
		if (result < 0)
			continue;
		chunk.digest = entries[i].digest;
		chunk.from = (uint32_t)raw.len;
		chunk.size = (uint32_t)bytes.n;
		bytes_add(&raw, bytes.p, bytes.n);
		bytes_add(&chunks, &chunk, sizeof(chunk));
	}
	if (result == 0)
		result = packer_finish(packer, e);
	bytes_free(&chunks);
	unpack_end(unpack);
	packer_end(thread);
	packer_free(packer);
	store_close(store);
	return result;
}

/* Says what goes. Nothing at all: there is no such list. */
static int
condemn(struct work *w, struct marking *m, size_t side, const struct fate *fates, struct error *e)
{
	size_t n;
	const struct index_pack *packs = index_packs(m->sides[side], &n);
	AUTO_FREE char *name = xformat("%scondemned", sides[side]);
	AUTO_BYTES list = { 0 };
	char hex[DIGEST_HEX + 1];

	for (size_t i = 0; i < n; i++) {
		if (!fates[i].goes)
			continue;
		digest_hex(&packs[i].id, hex);
		bytes_add(&list, hex, DIGEST_HEX);
		bytes_char(&list, '\n');
		w->s->waiting++;
		if (w->s->dry) {
			w->s->packs++;
			w->s->bytes += packs[i].size;
		}
	}
	if (w->s->dry)
		return 0;
	return list.len == 0 ? w->backend->type->remove(w->backend, name, e) :
	    w->backend->type->put(w->backend, name, (struct span){ list.data, list.len }, e);
}

/* Looks once more, when nobody is left who may refer to what is condemned without knowing it. */
static int
carry_out(struct work *w, struct marking *m, size_t side, struct error *e)
{
	AUTO_FREE struct fate *fates = judge(m, side, 0);
	AUTO_FREE char *list = xformat("%scondemned", sides[side]);
	size_t n;
	const struct index_pack *packs = index_packs(m->sides[side], &n);

	for (size_t i = 0; i < n; i++) {
		char name[96];

		if (!packs[i].condemned || fates[i].live > 0)
			continue;
		index_pack_name(sides[side], &packs[i].id, name);
		if (w->backend->type->remove(w->backend, name, e) < 0)
			return -1;
		w->s->packs++;
		w->s->bytes += packs[i].size;
	}
	return w->backend->type->remove(w->backend, list, e);
}

static int
choose(struct work *w, struct marking *m, struct error *e)
{
	int result = marking_run(m, e);

	for (size_t side = 0; side < 2 && result == 0; side++) {
		AUTO_FREE struct fate *fates = judge(m, side, WORTH);

		if (!w->s->dry)
			result = rewrite(w, m, side, fates, e);
		if (result == 0)
			result = condemn(w, m, side, fates, e);
	}
	return result;
}

/* m's store is a session, and is closed before others are waited for. */
static int
with_marking(struct work *w, int (*todo)(struct work *w, struct marking *m, struct error *e), struct error *e)
{
	struct marking m = { .backend = w->backend };
	int result = -1;

	m.store = direct_open(w->address, true, false, e);
	if (m.store != NULL)
		result = todo(w, &m, e);
	marking_free(&m);
	store_close(m.store);
	return result;
}

static int
remove_condemned(struct work *w, struct marking *m, struct error *e)
{
	int result = marking_run(m, e);

	for (size_t side = 0; side < 2 && result == 0; side++)
		result = carry_out(w, m, side, e);
	return result;
}

static int
sweep(struct work *w, struct error *e)
{
	struct error why;

	if (expire_names(w, e) < 0 || with_marking(w, choose, e) < 0)
		return -1;
	if (w->s->dry)
		return 0;
	if (w->backend->type->settle(w->backend, w->s->wait, &why) < 0) {
		if (why.code == ERROR_BUSY)
			return 0;
		*e = why;
		return -1;
	}
	w->s->waiting = 0;
	if (with_marking(w, remove_condemned, e) < 0)
		return -1;
	return w->backend->type->sweep(w->backend, e);
}

int
sweeping_run(struct sweeping *s, const char *address, struct error *e)
{
	struct work w = { .s = s, .address = address, .backend = backend_open(address, false, e) };
	AUTO_CLOSE int lock = -1;
	int result = -1;

	if (w.backend == NULL)
		return -1;
	lock = w.backend->type->lock(w.backend, "gc", false, e);
	if (lock >= 0)
		result = sweep(&w, e);
	backend_close(w.backend);
	return result;
}
