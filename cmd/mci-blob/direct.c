#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "naming.h"
#include "store.h"

struct direct {
	struct store store;
	struct backend *backend;
	int session;
	struct index *sides[2]; /* trusted, stranger: NULL unless a stranger asks */
};

static void
direct_close(struct store *s)
{
	struct direct *d = (struct direct *)s;

	index_free(d->sides[0]);
	index_free(d->sides[1]);
	if (d->session >= 0)
		close(d->session);
	backend_close(d->backend);
	free(d);
}

static int
direct_locate(struct store *s, const struct digest *chunks, size_t n, bool usable, struct place *places,
    struct error *e)
{
	struct direct *d = (struct direct *)s;

	(void)e;
	for (size_t i = 0; i < n; i++) {
		places[i] = (struct place){ 0 };
		for (size_t side = 0; side < 2 && places[i].packed == 0; side++) {
			if (d->sides[side] != NULL)
				index_find(d->sides[side], &chunks[i], usable, &places[i]);
		}
	}
	return 0;
}

static ssize_t
direct_fetch(struct store *s, const struct place *p, void *into, size_t room, struct error *e)
{
	struct direct *d = (struct direct *)s;
	char name[96];
	ssize_t got;

	index_pack_name(p->stranger ? STORE_STRANGER : "", &p->pack, name);
	if (room < p->packed)
		return error_set(e, ERROR_INPUT, "%s: a frame is larger than it may be", name);
	got = d->backend->type->get(d->backend, name, (int64_t)p->at, into, p->packed, e);
	if (got >= 0 && (size_t)got != p->packed)
		return error_set(e, ERROR_INPUT, "%s: is cut short", name);
	return got;
}

static int
direct_draft(struct store *s, struct backend_draft *draft, struct error *e)
{
	struct direct *d = (struct direct *)s;

	return d->backend->type->draft(d->backend, s->stranger ? STORE_STRANGER "packs/" : "packs/",
	    draft, e);
}

static int
direct_publish(struct store *s, struct backend_draft *draft, const struct digest *pack, int64_t size,
    struct error *e)
{
	struct direct *d = (struct direct *)s;
	char name[96];

	(void)size;
	index_pack_name(s->stranger ? STORE_STRANGER : "", pack, name);
	return d->backend->type->publish(d->backend, draft, name, e);
}

static void
direct_drop(struct store *s, struct backend_draft *draft)
{
	struct direct *d = (struct direct *)s;

	d->backend->type->drop(d->backend, draft);
}

static int
direct_commit(struct store *s, const struct record *r, struct error *e)
{
	struct direct *d = (struct direct *)s;

	return naming_commit(d->backend, r, e);
}

static int
direct_find(struct store *s, const char *const *names, size_t n, struct record *r, bool *hit, struct error *e)
{
	struct direct *d = (struct direct *)s;

	return naming_find(d->backend, s->stranger, names, n, r, hit, e);
}

static int
direct_list(struct store *s, const char *prefix, int (*each)(void *arg, struct record *r),
    int (*damaged)(void *arg, const char *object, const struct error *why), void *arg, struct error *e)
{
	struct direct *d = (struct direct *)s;
	int result = naming_list(d->backend, "", prefix, each, damaged, arg, e);

	if (result == 0 && s->stranger)
		result = naming_list(d->backend, STORE_STRANGER, prefix, each, damaged, arg, e);
	return result;
}

static int
direct_remove(struct store *s, const char *name, struct error *e)
{
	struct direct *d = (struct direct *)s;

	return naming_remove(d->backend, s->stranger ? STORE_STRANGER : "", name, e);
}

static const struct store_type direct_type = {
	.close = direct_close,
	.locate = direct_locate,
	.fetch = direct_fetch,
	.draft = direct_draft,
	.publish = direct_publish,
	.drop = direct_drop,
	.commit = direct_commit,
	.find = direct_find,
	.list = direct_list,
	.remove = direct_remove,
};

struct store *
direct_open(const char *address, bool stranger, bool make, struct error *e)
{
	struct direct *d = xmalloc(sizeof(*d));

	d->store.type = &direct_type;
	d->store.stranger = stranger;
	d->session = -1;
	d->backend = backend_open(address, make, e);
	if (d->backend != NULL && (d->session = d->backend->type->enter(d->backend, e)) >= 0 &&
	    (d->sides[0] = index_load(d->backend, "", false, e)) != NULL &&
	    (!stranger || (d->sides[1] = index_load(d->backend, STORE_STRANGER, false, e)) != NULL))
		return &d->store;
	direct_close(&d->store);
	return NULL;
}

int
direct_take(struct store *s, struct backend_draft *draft, const struct digest *pack, int64_t size,
    struct error *e)
{
	struct direct *d = (struct direct *)s;
	AUTO_BYTES entries = { 0 };

	if (index_read_draft(draft->fd, size, &entries, e) < 0)
		return -1;
	if (direct_publish(s, draft, pack, size, e) < 0)
		return -1;
	index_add(d->sides[s->stranger], pack, (const struct format_entry *)(const void *)entries.data,
	    entries.len / sizeof(struct format_entry));
	return 0;
}

ssize_t
direct_read(struct store *s, const struct digest *pack, int64_t offset, void *into, size_t n, struct error *e)
{
	struct direct *d = (struct direct *)s;
	struct error why;
	char name[96];
	ssize_t got;

	index_pack_name("", pack, name);
	got = d->backend->type->get(d->backend, name, offset, into, n, &why);
	if (got < 0 && why.code == ERROR_NOT_FOUND && s->stranger) {
		index_pack_name(STORE_STRANGER, pack, name);
		got = d->backend->type->get(d->backend, name, offset, into, n, &why);
	}
	if (got < 0)
		*e = why;
	return got;
}

int
direct_open_pack(struct store *s, const struct digest *pack, struct error *e)
{
	struct direct *d = (struct direct *)s;
	struct error why;
	char name[96];
	int fd;

	index_pack_name("", pack, name);
	fd = d->backend->type->open_object(d->backend, name, &why);
	if (fd < 0 && why.code == ERROR_NOT_FOUND && s->stranger) {
		index_pack_name(STORE_STRANGER, pack, name);
		fd = d->backend->type->open_object(d->backend, name, &why);
	}
	if (fd < 0)
		*e = why;
	return fd;
}

void
direct_size(struct store *s, int64_t *chunks, int64_t *bytes)
{
	struct direct *d = (struct direct *)s;

	*chunks = *bytes = 0;
	for (size_t side = 0; side < 2; side++) {
		const struct index_pack *packs;
		size_t n;

		if (d->sides[side] == NULL)
			continue;
		*chunks += (int64_t)index_chunks(d->sides[side]);
		packs = index_packs(d->sides[side], &n);
		for (size_t i = 0; i < n; i++)
			*bytes += packs[i].size;
	}
}
