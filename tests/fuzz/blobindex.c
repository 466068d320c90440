/* Packs, an index and a list of what is condemned, of any bytes: what is found in them lies within a pack,
 * what is read of that has the digest that was asked for, and an index that is made of them finds the same
 * again. The first byte says how far the input is made right, so that more than its ends is read; then come,
 * each behind a byte that says how long it is, two packs, an index and the list. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/mci-blob/index.h"
#include "cmd/mci-blob/unpack.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define OBJECTS 8
#define PIECE 8 /* what a byte of length counts */

enum { RIGHT_PACKS = 1, RIGHT_ENTRIES = 2, RIGHT_INDEX = 4 };

static struct object {
	char *name;
	struct bytes content;
} objects[OBJECTS];

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static struct object *
find(const char *name)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		if (objects[i].name != NULL && strcmp(objects[i].name, name) == 0)
			return &objects[i];
	}
	return NULL;
}

static struct object *
make(const char *name)
{
	struct object *o = find(name);

	for (size_t i = 0; i < OBJECTS && o == NULL; i++) {
		if (objects[i].name == NULL)
			o = &objects[i];
	}
	expect(o != NULL);
	free(o->name);
	bytes_free(&o->content);
	o->name = xstrdup(name);
	return o;
}

static void
forget(struct object *o)
{
	free(o->name);
	bytes_free(&o->content);
	*o = (struct object){ 0 };
}

static int
absent(struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, "it is not there");
}

static ssize_t
get(struct backend *b, const char *name, int64_t from, void *into, size_t n, struct error *e)
{
	struct object *o = find(name);

	(void)b;
	if (o == NULL)
		return absent(e);
	expect(from >= 0);
	if ((size_t)from >= o->content.len)
		return 0;
	if (n > o->content.len - (size_t)from)
		n = o->content.len - (size_t)from;
	memcpy(into, o->content.data + from, n);
	return (ssize_t)n;
}

static int
open_object(struct backend *b, const char *name, struct error *e)
{
	struct object *o = find(name);
	int fd;

	(void)b;
	if (o == NULL)
		return absent(e);
	fd = memfd_create("object", MFD_CLOEXEC);
	expect(fd >= 0 && write(fd, o->content.data, o->content.len) == (ssize_t)o->content.len);
	return fd;
}

static int
list(struct backend *b, const char *prefix, int (*each)(void *arg, const struct backend_object *o), void *arg,
    struct error *e)
{
	(void)b;
	(void)e;
	for (size_t i = 0; i < OBJECTS; i++) {
		struct backend_object o = { objects[i].name, (int64_t)objects[i].content.len, 1 };

		if (o.name != NULL && strncmp(o.name, prefix, strlen(prefix)) == 0 && each(arg, &o) != 0)
			return 1;
	}
	return 0;
}

static int
stat_object(struct backend *b, const char *name, struct backend_object *into, struct error *e)
{
	struct object *o = find(name);

	(void)b;
	if (o == NULL)
		return absent(e);
	*into = (struct backend_object){ NULL, (int64_t)o->content.len, 1 };
	return 0;
}

static int
remove_object(struct backend *b, const char *name, struct error *e)
{
	struct object *o = find(name);

	(void)b;
	(void)e;
	if (o != NULL)
		forget(o);
	return 0;
}

static int
draft(struct backend *b, const char *folder, struct backend_draft *d, struct error *e)
{
	(void)b;
	(void)folder;
	(void)e;
	*d = (struct backend_draft){ memfd_create("draft", MFD_CLOEXEC), NULL };
	return d->fd < 0 ? -1 : 0;
}

static void
drop(struct backend *b, struct backend_draft *d)
{
	(void)b;
	close(d->fd);
}

static int
publish(struct backend *b, struct backend_draft *d, const char *name, struct error *e)
{
	struct object *o = make(name);
	off_t size = lseek(d->fd, 0, SEEK_END);

	(void)e;
	expect(pread(d->fd, bytes_reserve(&o->content, (size_t)size + 1), (size_t)size, 0) == size);
	o->content.len = (size_t)size;
	drop(b, d);
	return 0;
}

static const struct backend_type backend_type = {
	.get = get, .open_object = open_object, .list = list, .stat = stat_object, .remove = remove_object,
	.draft = draft, .drop = drop, .publish = publish,
};

struct found {
	struct store store;
	struct index *index;
};

static int
locate(struct store *s, const struct digest *chunks, size_t n, bool usable, struct place *places,
    struct error *e)
{
	(void)e;
	for (size_t i = 0; i < n; i++) {
		places[i] = (struct place){ 0 };
		index_find(((struct found *)s)->index, &chunks[i], usable, &places[i]);
	}
	return 0;
}

static ssize_t
fetch(struct store *s, const struct place *p, void *into, size_t room, struct error *e)
{
	char name[96];

	(void)s;
	index_pack_name("", &p->pack, name);
	expect(p->packed <= room);
	expect(get(NULL, name, (int64_t)p->at, into, p->packed, e) == (ssize_t)p->packed);
	return (ssize_t)p->packed;
}

static const struct store_type store_type = { .locate = locate, .fetch = fetch };

/* Takes what is behind a byte that says how long it is. */
static struct span
take(const uint8_t **data, size_t *n)
{
	struct span s = { (const char *)*data + 1, *n == 0 ? 0 : (size_t)**data * PIECE };

	if (*n == 0)
		return (struct span){ "", 0 };
	if (s.n > *n - 1)
		s.n = *n - 1;
	*data += 1 + s.n;
	*n -= 1 + s.n;
	return s;
}

static int
compare(const void *a, const void *b)
{
	const struct format_entry *x = a, *y = b;

	return digest_compare(&x->digest, &y->digest);
}

/* Of the input's end entries, behind something that they may be in; as far as they are to be right. */
static void
add_pack(const struct digest *id, struct span s, unsigned right)
{
	struct format_entry entries[32];
	struct format_foot foot = { .magic = FORMAT_FOOT_MAGIC };
	struct object *o;
	char name[96];
	size_t count = s.n / sizeof(entries[0]) % 32, body = s.n - count * sizeof(entries[0]);

	index_pack_name("", id, name);
	o = make(name);
	if (!(right & RIGHT_PACKS)) {
		bytes_add(&o->content, s.p, s.n);
		return;
	}
	memcpy(entries, s.p + body, count * sizeof(entries[0]));
	bytes_add(&o->content, FORMAT_PACK_MAGIC, FORMAT_MAGIC);
	bytes_add(&o->content, s.p, body);
	foot.entries = o->content.len;
	foot.n = (uint32_t)count;
	for (size_t i = 0; i < count && (right & RIGHT_ENTRIES); i++) {
		entries[i].at %= foot.entries;
		entries[i].packed %= (uint32_t)(foot.entries - entries[i].at) + 1;
		entries[i].raw %= 4096;
		entries[i].from %= entries[i].raw + 1;
		entries[i].size %= entries[i].raw - entries[i].from + 1;
	}
	if (right & RIGHT_ENTRIES)
		qsort(entries, count, sizeof(entries[0]), compare);
	bytes_add(&o->content, entries, count * sizeof(entries[0]));
	bytes_add(&o->content, &foot, sizeof(foot));
}

static void
add_index(const struct digest *ids, struct span s, unsigned right)
{
	struct format_index head = { .magic = FORMAT_INDEX_MAGIC, .packs = 2 };
	struct object *o = make("index/0000000000000000000000000000000000000000000000000000000000000000");

	if (right & RIGHT_INDEX) {
		bytes_add(&o->content, &head, sizeof(head));
		bytes_add(&o->content, ids, 2 * sizeof(*ids));
	}
	bytes_add(&o->content, s.p, s.n);
}

/* What was found of each digest that stands anywhere. */
static size_t
look(struct backend *b, bool all, struct span input)
{
	struct found f = { .store = { .type = &store_type } };
	struct unpack *u;
	struct error e;
	size_t found = 0;

	f.index = index_load(b, "", all, &e);
	if (f.index == NULL)
		return 0;
	u = unpack_begin(&f.store);
	for (size_t at = 0; at + DIGEST_SIZE <= input.n; at += 8) {
		struct digest d, is;
		struct place p;
		struct span bytes;
		struct digest_state *s;
		char name[96];

		memcpy(d.bytes, input.p + at, DIGEST_SIZE);
		if (!index_find(f.index, &d, false, &p))
			continue;
		found++;
		index_pack_name("", &p.pack, name);
		expect(find(name) != NULL && p.at + p.packed <= find(name)->content.len);
		expect(p.from + (uint64_t)p.size <= p.raw);
		expect(p.size <= FORMAT_CHUNK && p.raw <= FORMAT_FRAME_LIMIT);
		if (unpack_find(u, &d, &bytes, &e) < 0)
			continue;
		s = digest_new();
		digest_of(s, &is, bytes.p, bytes.n);
		digest_free(s);
		expect(digest_compare(&is, &d) == 0 && bytes.n == p.size);
	}
	unpack_end(u);
	index_free(f.index);
	return found;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct digest ids[2] = { { { 1 } }, { { 2 } } };
	struct span input = { (const char *)data, n };
	struct backend b = { .type = &backend_type };
	unsigned right = n == 0 ? 0 : data[0];
	struct span list_of;

	data += n > 0;
	n -= n > 0;
	add_pack(&ids[0], take(&data, &n), right);
	add_pack(&ids[1], take(&data, &n), right);
	add_index(ids, take(&data, &n), right);
	list_of = take(&data, &n);
	if (list_of.n > 0)
		bytes_add(&make("condemned")->content, list_of.p, list_of.n);
	look(&b, false, input);
	/* with an index that is made of what is there, and once more with that */
	if (look(&b, true, input) != look(&b, true, input))
		abort();
	for (size_t i = 0; i < OBJECTS; i++)
		forget(&objects[i]);
	return 0;
}
