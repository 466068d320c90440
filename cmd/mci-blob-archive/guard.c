#include "guard.h"

#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"

/* NAME_MAX */
#define COMPONENT 255

/*
 * The paths that came, as 63 bits of a hash with a key that no archive knows: 16 bytes an entry, so that a
 * million cost 32 MB at most. A false match would refuse a good archive: once in 2^23 of a million entries.
 */
struct slot {
	uint64_t hash;
	enum entry_kind kind;
	bool used;
	bool implied; /* a folder that only stands in the name of another entry */
};

struct guard {
	struct guard_bounds bounds;
	uint64_t key[2];
	struct slot *slots;
	size_t n, size;
	int64_t bytes;
};

struct guard *
guard_new(const struct guard_bounds *bounds)
{
	struct guard *g = xmalloc(sizeof(*g));

	g->bounds = *bounds;
	kernel.random(g->key, sizeof(g->key));
	g->size = 1024;
	g->slots = xmalloc(g->size * sizeof(*g->slots));
	return g;
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	free(g->slots);
	free(g);
}

/* SipHash-1-3 would do more than is needed: the key is secret and nothing of the hash is shown. */
static uint64_t
hash(const struct guard *g, const char *p, size_t n)
{
	uint64_t h = g->key[0] ^ (n * 0x9e3779b97f4a7c15u);

	for (size_t i = 0; i < n; i++) {
		h = (h ^ (unsigned char)p[i]) * 0xff51afd7ed558ccdu;
		h = (h << 29 | h >> 35) + g->key[1];
	}
	h ^= h >> 32;
	h *= 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 29;
}

static struct slot *
find(const struct guard *g, uint64_t h)
{
	size_t i = h & (g->size - 1);

	while (g->slots[i].used && g->slots[i].hash != h)
		i = (i + 1) & (g->size - 1);
	return &g->slots[i];
}

static void
add(struct guard *g, uint64_t h, enum entry_kind kind, bool implied)
{
	if (g->n * 4 >= g->size * 3) {
		struct slot *old = g->slots;
		size_t size = g->size;

		g->size *= 2;
		g->slots = xmalloc(g->size * sizeof(*g->slots));
		for (size_t i = 0; i < size; i++) {
			if (old[i].used)
				*find(g, old[i].hash) = old[i];
		}
		free(old);
	}
	*find(g, h) = (struct slot){ h, kind, true, implied };
	g->n++;
}

static bool
is_dots(const char *p, size_t n)
{
	return n == 2 && p[0] == '.' && p[1] == '.';
}

int
guard_path(const char *name, char **path, struct error *e)
{
	AUTO_BYTES clean = { 0 };

	*path = NULL;
	if (name == NULL || *name == '\0')
		return error_set(e, ERROR_INPUT, "an entry has no name");
	if (*name == '/')
		return error_set(e, ERROR_REFUSED, "an absolute name");
	if (strlen(name) > ENTRY_PATH)
		return error_set(e, ERROR_LIMIT, "a name of more than %d bytes", ENTRY_PATH);
	for (const char *c = name; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(e, ERROR_REFUSED, "a control character in its name");
	}
	while (*name != '\0') {
		size_t n = strcspn(name, "/");

		if (is_dots(name, n))
			return error_set(e, ERROR_REFUSED, "'..' in its name");
		if (n > COMPONENT)
			return error_set(
			    e, ERROR_LIMIT, "a part of its name has more than %d bytes", COMPONENT);
		if (n > 0 && !(n == 1 && name[0] == '.')) {
			if (clean.len > 0)
				bytes_char(&clean, '/');
			bytes_add(&clean, name, n);
		}
		name += n + (name[n] == '/');
	}
	if (clean.len > 0)
		*path = xstrdup(bytes_string(&clean));
	return 0;
}

/*
 * Whether a symbolic link at path leads out of the tree. None of the folders above it is a link, so that
 * each ".." at its beginning goes up by one; behind a name ".." might go up from wherever another link
 * leads.
 */
static bool
leads_out(const char *path, const char *target)
{
	int64_t depth = 0;
	bool named = false;

	if (*target == '/')
		return true;
	for (const char *c = path; *c != '\0'; c++)
		depth += *c == '/';
	while (*target != '\0') {
		size_t n = strcspn(target, "/");

		if (is_dots(target, n) && (named || --depth < 0))
			return true;
		named = named || (n > 0 && !is_dots(target, n) && !(n == 1 && target[0] == '.'));
		target += n + (target[n] == '/');
	}
	return false;
}

static int
check_folders(const struct guard *g, const char *path, struct error *e)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		const struct slot *s = find(g, hash(g, path, (size_t)(slash - path)));

		if (s->used && s->kind != ENTRY_FOLDER)
			return error_set(e, ERROR_REFUSED, "below '%.*s', which is a %s",
			    (int)(slash - path), path, s->kind == ENTRY_SYMLINK ? "symbolic link" : "file");
	}
	return 0;
}

static int
check_kind(const struct guard *g, const struct entry *x, struct error *e)
{
	const struct slot *s;

	if (x->kind == ENTRY_SYMLINK && (x->target == NULL || *x->target == '\0'))
		return error_set(e, ERROR_INPUT, "a symbolic link to nothing");
	if (x->kind == ENTRY_SYMLINK && !g->bounds.outside && leads_out(x->path, x->target))
		return error_set(
		    e, ERROR_REFUSED, "a symbolic link that leads out of the tree, to '%.200s'", x->target);
	if (x->kind == ENTRY_FILE && (x->mode & 06000) != 0)
		return error_set(
		    e, ERROR_REFUSED, "a program with the rights of its owner or group (set-id)");
	if (x->size < 0 || x->size > g->bounds.size)
		return error_set(e, ERROR_LIMIT,
		    "says that it has %lld bytes: more than %lld are not taken", (long long)x->size,
		    (long long)g->bounds.size);
	if (x->kind != ENTRY_LINK)
		return 0;
	s = find(g, hash(g, x->target, strlen(x->target)));
	if (!s->used || s->kind != ENTRY_FILE)
		return error_set(e, ERROR_REFUSED,
		    "a hard link to '%.200s', which is no file that came before", x->target);
	return 0;
}

/* A folder may be named only by what is in it: then what stands for it later is a link or file in its way.
 */
static void
add_folders(struct guard *g, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		uint64_t h = hash(g, path, (size_t)(slash - path));

		if (!find(g, h)->used)
			add(g, h, ENTRY_FOLDER, true);
	}
}

int
guard_entry(struct guard *g, const struct entry *x, struct error *e)
{
	uint64_t h = hash(g, x->path, strlen(x->path));
	struct slot *s = find(g, h);
	bool again = s->used && !s->implied;

	if (check_folders(g, x->path, e) < 0 || check_kind(g, x, e) < 0)
		return -1;
	if (s->used && (s->kind != ENTRY_FOLDER || x->kind != ENTRY_FOLDER))
		return error_set(e, ERROR_REFUSED, "comes twice");
	if (s->used)
		s->implied = false;
	else
		add(g, h, x->kind == ENTRY_LINK ? ENTRY_FILE : x->kind, false);
	add_folders(g, x->path);
	if ((int64_t)g->n > g->bounds.entries)
		return error_set(e, ERROR_LIMIT, "more than %lld entries", (long long)g->bounds.entries);
	return again ? 0 : 1;
}

int
guard_bytes(struct guard *g, size_t out, int64_t in, struct error *e)
{
	g->bytes += (int64_t)out;
	if (g->bytes > g->bounds.size)
		return error_set(e, ERROR_LIMIT, "more than %lld bytes come out of the archive",
		    (long long)g->bounds.size);
	if (g->bytes > GUARD_RATIO_FROM && in > 0 && g->bytes / in > g->bounds.ratio)
		return error_set(e, ERROR_LIMIT, "more than %lld bytes come out for each that went in",
		    (long long)g->bounds.ratio);
	return 0;
}
