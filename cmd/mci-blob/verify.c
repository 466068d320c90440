#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "marking.h"
#include "memory.h"
#include "naming.h"
#include "option.h"
#include "progress.h"
#include "unpack.h"
#include "verbs.h"

struct options {
	const char *blob;
	bool json, repair;
};

static const struct option options[] = {
	{ .name = "blob", .value = "ADDRESS", .help = "the store: file:DIR, s3://BUCKET/PREFIX",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, blob) },
	{ .name = "repair", .help = "remove what is damaged, and the names that stand on it",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, repair) },
	{ .name = "json", .help = "what is damaged and how much was read, as JSON objects",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, json) },
};

static const char *const sides[] = { "", STORE_STRANGER };

struct work {
	const struct options *o;
	struct backend *backend;
	struct progress progress;
	int64_t objects, bytes;
	char **bad; /* objects whose bytes are not those that they were */
	size_t nbad;
	size_t found; /* of all that is wrong */
	struct error *e;
};

static void
tell(struct work *w, const char *what, const char *name, const char *why)
{
	AUTO_BYTES line = { 0 };

	w->found++;
	if (!w->o->json) {
		progress_end(&w->progress);
		printf("%s: %s\n", name, why);
		return;
	}
	emit_open(&line);
	emit_text(&line, what, name);
	emit_text(&line, "error", why);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

/* Packs and index objects are named by what is in them. */
static int
check_object(void *arg, const struct backend_object *o)
{
	struct work *w = arg;
	AUTO_FREE char *buffer = xmalloc(1 << 20);
	struct digest_state *s = digest_new();
	struct digest said, is;
	const char *last = strrchr(o->name, '/') + 1;
	ssize_t got;

	for (int64_t at = 0; (got = w->backend->type->get(w->backend, o->name, at, buffer, 1 << 20,
	    w->e)) > 0;
	    at += got)
		digest_add(s, buffer, (size_t)got);
	digest_end(s, &is);
	digest_free(s);
	if (got < 0)
		return w->e->code == ERROR_NOT_FOUND ? 0 : -1;
	w->objects++;
	w->bytes += o->size;
	progress_show(&w->progress, w->objects, w->bytes, 0);
	if (digest_parse(&said, (struct span){ last, strlen(last) }) && digest_compare(&said, &is) == 0)
		return 0;
	tell(w, "object", o->name, "its bytes are not those that were stored");
	w->bad = xrealloc(w->bad, w->nbad + 1, sizeof(*w->bad));
	w->bad[w->nbad++] = xstrdup(o->name);
	return 0;
}

/* Of names that are broken, those that can be named. */
struct names {
	struct work *w;
	char **all;
	size_t n;
};

static void
broken(void *arg, const char *name, const struct error *why)
{
	struct names *l = arg;

	tell(l->w, "name", name, why->text);
	l->all = xrealloc(l->all, l->n + 1, sizeof(*l->all));
	l->all[l->n++] = xstrdup(name);
}

static int
remove_bad(struct work *w)
{
	for (size_t i = 0; i < w->nbad; i++) {
		if (w->backend->type->remove(w->backend, w->bad[i], w->e) < 0)
			return -1;
	}
	return 0;
}

static int
remove_names(struct work *w, const struct names *l)
{
	for (size_t i = 0; i < l->n; i++) {
		/* a record that is damaged is told by its object's name, which ends with '=' */
		if (l->all[i][strlen(l->all[i]) - 1] == '=') {
			if (w->backend->type->remove(w->backend, l->all[i], w->e) < 0)
				return -1;
			continue;
		}
		for (size_t side = 0; side < 2; side++)
			(void)naming_remove(w->backend, sides[side], l->all[i], NULL);
	}
	return 0;
}

/* Whether any name stands on a pack that is damaged: it is as if that were not there. */
static int
check_names(struct work *w, const char *address)
{
	struct names l = { .w = w };
	struct marking m = { .backend = w->backend, .broken = broken, .arg = &l };
	int result = -1;

	m.store = direct_open(address, true, false, w->e);
	if (m.store != NULL)
		result = marking_run(&m, w->e);
	marking_free(&m);
	store_close(m.store);
	if (result == 0 && w->o->repair)
		result = remove_names(w, &l);
	for (size_t i = 0; i < l.n; i++)
		free(l.all[i]);
	free(l.all);
	return result;
}

static int
verify(struct work *w, const char *address)
{
	static const char *const kinds[] = { "packs/", "index/" };

	for (size_t side = 0; side < 2; side++) {
		for (size_t kind = 0; kind < 2; kind++) {
			AUTO_FREE char *prefix = xformat("%s%s", sides[side], kinds[kind]);

			if (w->backend->type->list(w->backend, prefix, check_object, w, w->e) != 0)
				return -1;
		}
	}
	if (w->o->repair && remove_bad(w) < 0)
		return -1;
	/* what is read of a pack that is damaged would be told again, and again */
	return w->nbad > 0 && !w->o->repair ? 0 : check_names(w, address);
}

/* The last line: that nothing is said is no proof that anything was read. */
static void
print_sum(const struct work *w)
{
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	emit_integer(&line, "objects", w->objects);
	emit_integer(&line, "bytes", w->bytes);
	emit_integer(&line, "damaged", (int64_t)w->found);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static int
run(void *arg, int argc, char **argv)
{
	struct error e = { 0 };
	struct work w = { .o = arg, .e = &e };
	AUTO_FREE char *address = store_address(w.o->blob, &e);
	AUTO_CLOSE int session = -1;
	int result = -1;

	(void)argc;
	(void)argv;
	progress_begin(&w.progress, "verifying", option_common.quiet);
	if (address != NULL && (w.backend = backend_open(address, false, &e)) != NULL &&
	    (session = w.backend->type->enter(w.backend, &e)) >= 0)
		result = verify(&w, address);
	progress_end(&w.progress);
	backend_close(w.backend);
	if (result == 0 && w.o->json)
		print_sum(&w);
	for (size_t i = 0; i < w.nbad; i++)
		free(w.bad[i]);
	free(w.bad);
	return result < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, w.found > 0 ? 1 : 0);
}

const struct command blob_verify_command = {
	.program = PROGRAM, .verb = "verify", .summary = "read all of a store, and say what is damaged",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct options),
};
