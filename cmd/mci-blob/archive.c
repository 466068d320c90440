#include "archive.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "chunker.h"
#include "entry.h"
#include "format.h"
#include "kernel.h"
#include "line.h"
#include "manifest.h"
#include "memory.h"
#include "message.h"
#include "packer.h"
#include "process.h"
#include "unpack.h"

#define WORKER "mci-blob-archive"

/* The worker, and our end of the pipe to it or from it. */
struct worker {
	struct child *child;
	int fd;
};

static int
worker_start(struct worker *w, const char *verb, const char *form, bool zstd, int other, struct error *e)
{
	AUTO_FREE char *program = process_kit(WORKER);
	char *argv[] = { (char *)WORKER, (char *)(uintptr_t)verb, (char *)(uintptr_t)form,
		zstd ? (char *)(uintptr_t)"--zstd" : NULL, NULL };
	struct process_spec p = { .path = program, .argv = argv, .err = STDERR_FILENO };
	bool packs = form != NULL;
	int ends[2];

	*w = (struct worker){ .fd = -1 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	p.in = packs ? ends[0] : other;
	p.out = packs ? other : ends[1];
	w->fd = packs ? ends[1] : ends[0];
	w->child = child_start(NULL, &p, NULL, NULL, e);
	close(packs ? ends[0] : ends[1]);
	/* a worker that has ended is a failed write, and says itself why */
	signal(SIGPIPE, SIG_IGN);
	return w->child == NULL ? -1 : 0;
}

/* 0 when it did all; -1: what it said on standard error is the reason, unless done says another one. */
static int
worker_end(struct worker *w, int done, struct error *e)
{
	int status;

	memory_close(&w->fd);
	if (w->child == NULL)
		return -1;
	status = child_wait(w->child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return done;
	/* nobody reads what we were asked for: as every filter ends then */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return error_set(e, WIFEXITED(status) && WEXITSTATUS(status) <= 2 ? ERROR_INPUT : ERROR_SYSTEM,
	    WORKER " could not do it");
}

/* ---- out of the store */

/* Entries that are read before the places of their chunks are asked for, all at once: a store that is a
 * server answers each question in some 50 microseconds. */
#define AHEAD 256
#define CHUNKS_AHEAD 4096
/* Written to the worker at once. */
#define PIECE ((size_t)64 * 1024)

struct giving {
	struct store *store;
	const struct record *r;
	struct unpack *lines, *chunks, *again;
	int to;
	bool zip, inside; /* inside: chunks of the file above are wanted */
	int64_t at;
	struct bytes out;
	struct entry ahead[AHEAD];
	size_t nahead, first[AHEAD]; /* the first chunk of each */
	struct bytes digests;
	struct place *places;
	size_t nplaces, next;        /* the place that is wanted next */
	bool found;                  /* the places are those of what is given */
};

static int
flush(struct giving *g, struct error *e)
{
	size_t n = g->out.len;

	g->out.len = 0;
	return n == 0 || kernel_write_all(g->to, g->out.data, n) == 0 ? 0 :
	    error_sys(e, "write to " WORKER);
}

static int
give(struct giving *g, struct span bytes, struct error *e)
{
	if (bytes.n < PIECE / 2) {
		bytes_add(&g->out, bytes.p, bytes.n);
		return g->out.len < PIECE ? 0 : flush(g, e);
	}
	if (flush(g, e) < 0)
		return -1;
	return kernel_write_all(g->to, bytes.p, bytes.n) == 0 ? 0 :
	    error_sys(e, "write to " WORKER);
}

static int
chunk_find(struct giving *g, const struct digest *d, struct span *bytes, struct error *e)
{
	if (!g->found)
		return unpack_find(g->chunks, d, bytes, e);
	return unpack_chunk(g->chunks, d, &g->places[g->next++], bytes, e);
}

static int
give_pieces(struct giving *g, const struct entry *x, struct error *e)
{
	for (size_t i = 0; i < x->npieces; i++) {
		struct span bytes;

		if (x->pieces[i].hole > 0) {
			g->at += x->pieces[i].hole;
			continue;
		}
		if (chunk_find(g, &x->pieces[i].digest, &bytes, e) < 0)
			return -1;
		bytes_format(&g->out, "{\"at\":%lld,\"data\":%zu}\n", (long long)g->at, bytes.n);
		g->at += (int64_t)bytes.n;
		if (give(g, bytes, e) < 0)
			return -1;
	}
	return 0;
}

/* The entry without its chunks, which follow as bytes. */
static int
give_entry(struct giving *g, struct entry *x, struct error *e)
{
	size_t n = x->npieces;

	x->npieces = 0;
	if (x->attributes.len > 0)
		x->attributes.len--; /* as it is while it is being written */
	entry_write(&g->out, x);
	x->npieces = n;
	g->at = 0;
	g->inside = x->kind == ENTRY_FILE;
	return give_pieces(g, x, e);
}

static int give_link(struct giving *g, const struct entry *link, struct error *e);

static int
give_one(struct giving *g, struct entry *x, struct error *e)
{
	if (x->kind == ENTRY_HEAD)
		return 0;
	if (x->kind == ENTRY_MORE)
		return g->inside ? give_pieces(g, x, e) : 0;
	if (x->kind == ENTRY_LINK && g->zip)
		return give_link(g, x, e);
	return give_entry(g, x, e);
}

/* Reads entries, and asks where their chunks are. 1, 0 behind the last one, -1. */
static int
look_ahead(struct giving *g, struct manifest_reader *m, struct error *e)
{
	struct span line;
	size_t n = 0;
	int more = 1;

	g->digests.len = g->nahead = 0;
	while (g->nahead < AHEAD && n < CHUNKS_AHEAD && (more = manifest_next(m, &line, e)) > 0) {
		struct entry *x = &g->ahead[g->nahead];

		if (entry_read(x, line, e) < 0)
			return -1;
		g->first[g->nahead++] = n;
		for (size_t i = 0; i < x->npieces; i++) {
			if (x->pieces[i].hole > 0)
				continue;
			bytes_add(&g->digests, &x->pieces[i].digest, sizeof(struct digest));
			n++;
		}
	}
	if (more < 0)
		return -1;
	if (n > g->nplaces) {
		g->nplaces = n;
		g->places = xrealloc(g->places, n, sizeof(*g->places));
	}
	if (n > 0 && g->store->type->locate(g->store, (const struct digest *)(const void *)g->digests.data,
	    n, false, g->places, e) < 0)
		return -1;
	return g->nahead > 0;
}

static int
give_all(struct giving *g, struct error *e)
{
	int64_t files, bytes;
	struct manifest_reader *m = manifest_open(g->lines, &g->r->root, &files, &bytes, e);
	int more = m == NULL ? -1 : 1;

	while (more > 0 && (more = look_ahead(g, m, e)) > 0) {
		g->found = true;
		for (size_t i = 0; i < g->nahead && more > 0; i++) {
			g->next = g->first[i];
			if (give_one(g, &g->ahead[i], e) < 0)
				more = -1;
		}
	}
	manifest_close(m);
	return more;
}

/* Zip has no hard links: the file once more, which has to be looked for. */
static int
give_link(struct giving *g, const struct entry *link, struct error *e)
{
	int64_t files, bytes;
	struct manifest_reader *m = manifest_open(g->again, &g->r->root, &files, &bytes, e);
	struct entry x = { 0 };
	struct span line;
	bool found = false;
	int more = m == NULL ? -1 : 0;

	g->found = false;
	while (m != NULL && (more = manifest_next(m, &line, e)) > 0) {
		if (entry_read(&x, line, e) < 0) {
			more = -1;
			break;
		}
		if (found && x.kind != ENTRY_MORE)
			break;
		if (!found && (x.kind != ENTRY_FILE || strcmp(x.path.data, link->target.data) != 0))
			continue;
		if (!found) {
			x.path.len = 0;
			bytes_add(&x.path, link->path.data, link->path.len);
			bytes_string(&x.path);
		}
		if ((found ? give_pieces(g, &x, e) : give_entry(g, &x, e)) < 0) {
			more = -1;
			break;
		}
		found = true;
	}
	manifest_close(m);
	entry_free(&x);
	g->inside = false;
	g->found = true;
	if (more < 0)
		return -1;
	return found ? 0 : error_set(e, ERROR_INPUT, "%s: is a link to no file", link->path.data);
}

int
archive_get(struct store *store, const struct record *r, const char *form, bool zstd, int to,
    struct error *e)
{
	struct giving g = { .store = store, .r = r, .zip = strcmp(form, "--zip") == 0 };
	struct worker w;
	int done;

	if (worker_start(&w, "pack", form, zstd, to, e) < 0)
		return worker_end(&w, -1, e);
	g.to = w.fd;
	g.lines = unpack_begin(store);
	g.chunks = unpack_begin(store);
	g.again = unpack_begin(store);
	done = give_all(&g, e);
	bytes_text(&g.out, "{\"type\":\"eof\"}\n");
	if (done == 0)
		done = flush(&g, e);
	unpack_end(g.lines);
	unpack_end(g.chunks);
	unpack_end(g.again);
	for (size_t i = 0; i < AHEAD; i++)
		entry_free(&g.ahead[i]);
	bytes_free(&g.digests);
	free(g.places);
	bytes_free(&g.out);
	if (done == 0 || e->code == ERROR_SYSTEM)
		return worker_end(&w, done, e);
	/* ours is the reason: the worker only says that it was cut */
	child_signal(w.child, SIGTERM);
	(void)worker_end(&w, -1, NULL);
	return -1;
}

/* ---- into the store */

struct taking {
	struct record *r;
	struct packer *packer;
	struct manifest_writer manifest;
	struct line_reader in;
	struct worker worker;
	struct entry entry;
	bool open;        /* an entry is not written yet */
	struct bytes raw; /* of a file, not cut into chunks yet */
	int64_t at;       /* where they begin in it */
	int64_t files, bytes;
	bool eof;
};

/* Cuts what has gathered; all: to its end. */
static int
cut(struct taking *t, bool all, struct error *e)
{
	while (t->raw.len >= FORMAT_CHUNK || (all && t->raw.len > 0)) {
		struct entry_piece piece = { 0 };
		bool whole = all && t->at == 0 && t->raw.len <= FORMAT_WHOLE;
		size_t most = t->raw.len < FORMAT_CHUNK ? t->raw.len : FORMAT_CHUNK;
		size_t n = whole ? t->raw.len : chunker_cut((unsigned char *)t->raw.data, most, FORMAT_CHUNK);

		if (packer_put(t->manifest.thread, t->raw.data, n, &piece.digest, e) < 0)
			return -1;
		entry_add_piece(&t->entry, &piece);
		bytes_drop(&t->raw, n);
		t->at += (int64_t)n;
	}
	return 0;
}

static int
hole(struct taking *t, int64_t to, struct error *e)
{
	struct entry_piece piece = { .hole = to - t->at - (int64_t)t->raw.len };

	if (piece.hole <= 0)
		return piece.hole == 0 ? 0 : error_set(e, ERROR_INTERNAL, WORKER " goes back in a file");
	if (cut(t, true, e) < 0)
		return -1;
	entry_add_piece(&t->entry, &piece);
	t->at = to;
	return 0;
}

static int
finish_entry(struct taking *t, struct error *e)
{
	struct entry *x = &t->entry;

	if (!t->open)
		return 0;
	t->open = false;
	if (x->kind == ENTRY_FILE && (hole(t, x->size, e) < 0 || cut(t, true, e) < 0))
		return -1;
	if (x->kind == ENTRY_FILE || x->kind == ENTRY_LINK)
		t->files++;
	t->bytes += x->kind == ENTRY_FILE ? x->size : 0;
	if (x->attributes.len > 0)
		x->attributes.len--;
	entry_write(&t->manifest.lines, x);
	return manifest_flush(&t->manifest, false, e);
}

/* Reads more of what the worker says. */
static int
more(struct taking *t, struct error *e)
{
	ssize_t n = line_wait(&t->in, t->worker.fd);

	if (n < 0)
		return error_sys(e, "read from " WORKER);
	return n > 0 ? 0 : error_set(e, ERROR_INPUT, "the archive is not whole");
}

static int
take_data(struct taking *t, struct span line, struct error *e)
{
	int64_t at, left;

	if (message_whole(line, "at", 0, &at, e) < 0 || message_whole(line, "data", 0, &left, e) < 0)
		return -1;
	if (!t->open || t->entry.kind != ENTRY_FILE || at > t->entry.size - left || hole(t, at, e) < 0)
		return error_set(e, ERROR_INTERNAL, WORKER " gives bytes of no file");
	while (left > 0) {
		struct span p = line_take(&t->in, (uint64_t)left);

		if (p.n == 0) {
			if (more(t, e) < 0)
				return -1;
			continue;
		}
		bytes_add(&t->raw, p.p, p.n);
		left -= (int64_t)p.n;
		if (cut(t, false, e) < 0)
			return -1;
	}
	return 0;
}

static int
take_line(struct taking *t, struct span line, struct error *e)
{
	if (line.n > 6 && memcmp(line.p, "{\"at\":", 6) == 0)
		return take_data(t, line, e);
	if (finish_entry(t, e) < 0)
		return -1;
	if (span_is(line, "{\"type\":\"eof\"}")) {
		t->eof = true;
		return 0;
	}
	t->at = 0;
	t->open = true;
	return entry_read(&t->entry, line, e);
}

static int
take_all(struct taking *t, struct error *e)
{
	static const char *const paths[] = { "." };
	struct span line;

	entry_write_head(&t->manifest.lines, paths, 1);
	while (!t->eof) {
		enum line_result got = line_next(&t->in, &line);

		if (got == LINE_LONG)
			return error_set(e, ERROR_INTERNAL, WORKER " says too much");
		if ((got == LINE_NONE ? more(t, e) : take_line(t, line, e)) < 0)
			return -1;
	}
	return 0;
}

int
archive_put(struct store *store, struct record *r, int from, struct error *e)
{
	struct taking t = { .r = r, .packer = packer_new(store) };
	int done;

	t.manifest.thread = packer_begin(t.packer);
	done = worker_start(&t.worker, "unpack", NULL, false, from, e);
	if (done == 0)
		done = take_all(&t, e);
	done = worker_end(&t.worker, done, e);
	if (done == 0) {
		r->files = t.files;
		r->bytes = t.bytes;
		r->created = kernel.wall();
		if (manifest_finish(&t.manifest, t.files, t.bytes, &r->root, e) < 0 ||
		    packer_finish(t.packer, e) < 0 || store->type->commit(store, r, e) < 0)
			done = -1;
	}
	entry_free(&t.entry);
	bytes_free(&t.raw);
	line_free(&t.in);
	manifest_free(&t.manifest);
	packer_end(t.manifest.thread);
	packer_free(t.packer);
	return done;
}
