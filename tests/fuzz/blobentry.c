/* Lines of manifests, their roots and the records of names, of any bytes: what is read and written again is
 * read as the same, no path leaves its folder, and a manifest gives the lines that it was made of. The first
 * byte says as what the rest is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "cmd/mci-blob/entry.h"
#include "cmd/mci-blob/manifest.h"
#include "cmd/mci-blob/record.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static void
check_path(const struct bytes *path)
{
	const char *part = path->data;

	expect(strlen(part) == path->len && part[0] != '/' && part[0] != '\0');
	for (;;) {
		size_t n = strcspn(part, "/");

		expect(n > 0 && !(n == 1 && part[0] == '.') && !(n == 2 && part[0] == '.' && part[1] == '.'));
		if (part[n] == '\0')
			return;
		part += n + 1;
	}
}

static int
each_attribute(void *arg, const char *name, struct span value)
{
	size_t *count = arg;

	*count += strlen(name) + value.n;
	return 0;
}

/* The first line that is written is all of the entry, but for the chunks beyond those of a line. */
static void
check_entry(const struct entry *x)
{
	AUTO_BYTES line = { 0 }, twice = { 0 };
	struct entry again = { 0 }, open = *x;
	size_t count = 0;
	struct error e;

	if (x->kind == ENTRY_HEAD || x->kind == ENTRY_MORE)
		return;
	check_path(&x->path);
	if (x->kind == ENTRY_LINK)
		check_path(&x->target);
	(void)entry_attributes((struct span){ x->attributes.data, x->attributes.len }, each_attribute, &count,
	    &e);
	/* what is read is closed, and what is written open */
	open.attributes.len -= x->attributes.len > 0;
	entry_write(&line, &open);
	expect(entry_read(&again, (struct span){ line.data,
	    (size_t)((char *)memchr(line.data, '\n', line.len) - line.data) }, &e) == 0);
	expect(again.kind == x->kind && again.path.len == x->path.len);
	expect(again.size == (x->kind == ENTRY_FILE ? x->size : 0));
	expect(memcmp(again.path.data, x->path.data, x->path.len) == 0);
	if (x->npieces <= ENTRY_PIECES) {
		again.attributes.len -= again.attributes.len > 0;
		entry_write(&twice, &again);
		expect(line.len == twice.len && memcmp(line.data, twice.data, line.len) == 0);
	}
	entry_free(&again);
}

static void
read_lines(struct span text)
{
	struct entry x = { 0 };
	const char *p = text.p, *end = text.p + text.n;
	struct error e;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		if (newline == NULL)
			newline = end;
		if (entry_read(&x, (struct span){ p, (size_t)(newline - p) }, &e) == 0)
			check_entry(&x);
		p = newline + 1;
	}
	entry_free(&x);
}

/* A store of two chunks, each in a frame of its own. */
struct two {
	struct store store;
	struct chunk {
		struct digest digest;
		struct bytes packed;
		size_t size;
	} chunks[2];
};

static void
keep(struct chunk *c, const void *p, size_t n)
{
	struct digest_state *s = digest_new();

	digest_of(s, &c->digest, p, n);
	digest_free(s);
	c->size = n;
	c->packed.len = ZSTD_compress(bytes_reserve(&c->packed, ZSTD_compressBound(n)), ZSTD_compressBound(n),
	    p, n, 1);
	expect(!ZSTD_isError(c->packed.len));
}

static int
locate(struct store *s, const struct digest *digests, size_t n, bool usable, struct place *places,
    struct error *e)
{
	struct two *t = (struct two *)s;

	(void)usable;
	(void)e;
	for (size_t i = 0; i < n; i++) {
		places[i] = (struct place){ 0 };
		for (size_t k = 0; k < 2; k++) {
			const struct chunk *c = &t->chunks[k];

			if (digest_compare(&c->digest, &digests[i]) == 0)
				places[i] = (struct place){ .at = k, .packed = (uint32_t)c->packed.len,
					.raw = (uint32_t)c->size, .size = (uint32_t)c->size };
		}
	}
	return 0;
}

static ssize_t
fetch(struct store *s, const struct place *p, void *into, size_t room, struct error *e)
{
	if (p->packed > room)
		return error_set(e, ERROR_INPUT, "a frame is larger than it may be");
	memcpy(into, ((struct two *)s)->chunks[p->at].packed.data, p->packed);
	return (ssize_t)p->packed;
}

static const struct store_type store_type = { .locate = locate, .fetch = fetch };

/* right: the text is the manifest's and the root is made for it; else it is the root itself. */
static void
read_manifest(struct span text, bool right)
{
	struct two t = { .store = { .type = &store_type } };
	AUTO_BYTES root = { 0 }, read = { 0 };
	struct manifest_reader *r;
	struct unpack *u = unpack_begin(&t.store);
	char hex[DIGEST_HEX + 1];
	int64_t files, bytes;
	struct span line;
	struct error e;
	int more;

	keep(&t.chunks[0], text.p, text.n);
	digest_hex(&t.chunks[0].digest, hex);
	bytes_format(&root, "{\"manifest\":1,\"files\":3,\"bytes\":4}\n{\"chunk\":\"%s\",\"size\":%zu}\n",
	    hex, text.n);
	keep(&t.chunks[1], root.data, root.len);
	r = manifest_open(u, &t.chunks[right].digest, &files, &bytes, &e);
	expect(!right || (r != NULL && files == 3 && bytes == 4));
	while (r != NULL && (more = manifest_next(r, &line, &e)) > 0) {
		bytes_add(&read, line.p, line.n);
		bytes_char(&read, '\n');
	}
	if (right) {
		expect(read.len <= text.n);
		expect(read.len == 0 || memcmp(read.data, text.p, read.len) == 0);
		expect(more < 0 || read.len == text.n);
	}
	manifest_close(r);
	unpack_end(u);
	bytes_free(&t.chunks[0].packed);
	bytes_free(&t.chunks[1].packed);
}

static void
read_record(struct span text)
{
	AUTO_BYTES line = { 0 }, twice = { 0 };
	struct record r, again;
	struct error e;

	if (record_read(&r, text, "names/a=", &e) == 0)
		record_free(&r);
	if (record_parse(&r, text, &e) < 0)
		return;
	if (record_check_name(r.name, &e) == 0)
		free(record_object("", r.name, true));
	free(record_repository(r.name));
	record_write(&line, &r);
	if (record_read(&again, (struct span){ line.data, line.len }, "names/a=", &e) == 0) {
		record_write(&twice, &again);
		expect(line.len == twice.len && memcmp(line.data, twice.data, line.len) == 0);
		record_free(&again);
	}
	record_free(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = { (const char *)data + 1, n - 1 };

	if (n == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		read_lines(text);
		break;
	case 1:
		read_manifest(text, true);
		break;
	case 2:
		read_manifest(text, false);
		break;
	default:
		read_record(text);
	}
	return 0;
}
