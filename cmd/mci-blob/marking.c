#include "marking.h"

#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "memory.h"
#include "naming.h"

static const char *const sides[] = { "", STORE_STRANGER };

struct walk {
	struct marking *m;
	struct unpack *unpack;
	struct error *e;
};

/* Marks a chunk. *was: it was marked before. */
static int
mark(struct marking *m, const struct digest *d, bool *was, struct error *e)
{
	char hex[DIGEST_HEX + 1];

	/* what is condemned already is marked only where it is the last of its kind */
	for (int usable = 1; usable >= 0; usable--) {
		for (size_t side = 0; side < 2; side++) {
			const struct format_entry *found = index_entry(m->sides[side], d, usable);
			size_t n, at;

			if (found == NULL)
				continue;
			at = (size_t)(found - index_entries(m->sides[side], &n));
			*was = m->live[side][at / 8] >> at % 8 & 1;
			m->live[side][at / 8] = (unsigned char)(m->live[side][at / 8] | 1 << at % 8);
			return 0;
		}
	}
	digest_hex(d, hex);
	return error_set(e, ERROR_NOT_FOUND, "chunk %s is not in the store", hex);
}

static int
mark_chunk(void *arg, const struct digest *d, struct error *e)
{
	struct walk *w = arg;
	bool was;

	return mark(w->m, d, &was, e);
}

static int
mark_tree(struct walk *w, const struct digest *root, struct error *e)
{
	struct manifest_reader *r;
	int64_t files, bytes;
	bool was;
	int result;

	if (mark(w->m, root, &was, e) < 0)
		return -1;
	/* another name of the same tree */
	if (was)
		return 0;
	r = manifest_open(w->unpack, root, &files, &bytes, e);
	if (r == NULL)
		return -1;
	result = manifest_each(r, mark_chunk, w, e);
	manifest_close(r);
	return result;
}

static int
broken(struct walk *w, const char *name, const struct error *why)
{
	/* what may be well another time is no reason to take anything away */
	if (why->code != ERROR_NOT_FOUND && why->code != ERROR_INPUT) {
		*w->e = *why;
		return -1;
	}
	if (w->m->broken != NULL)
		w->m->broken(w->m->arg, name, why);
	return 0;
}

static int
mark_name(void *arg, struct record *r)
{
	struct walk *w = arg;
	struct error why;
	int result = mark_tree(w, &r->root, &why);

	if (result < 0)
		result = broken(w, r->name, &why);
	record_free(r);
	return result;
}

static int
mark_damaged(void *arg, const char *object, const struct error *why)
{
	return broken(arg, object, why);
}

int
marking_run(struct marking *m, struct error *e)
{
	struct walk w = { m, unpack_begin(m->store), e };
	int result = 0;

	for (size_t side = 0; side < 2 && result == 0; side++) {
		size_t n;

		m->sides[side] = index_load(m->backend, sides[side], true, e);
		if (m->sides[side] == NULL) {
			result = -1;
			break;
		}
		index_entries(m->sides[side], &n);
		m->live[side] = xmalloc(n / 8 + 1);
	}
	for (size_t side = 0; side < 2 && result == 0; side++)
		result = naming_list(m->backend, sides[side], "", mark_name, mark_damaged, &w, e);
	unpack_end(w.unpack);
	return result;
}

bool
marking_is_live(const struct marking *m, size_t side, size_t entry)
{
	return m->live[side][entry / 8] >> entry % 8 & 1;
}

void
marking_free(struct marking *m)
{
	for (size_t side = 0; side < 2; side++) {
		index_free(m->sides[side]);
		free(m->live[side]);
		m->sides[side] = NULL;
		m->live[side] = NULL;
	}
}
