#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "entry.h"
#include "glob.h"
#include "kernel.h"
#include "memory.h"

/* A folder that is being walked. */
struct level {
	int fd;
	struct bytes text; /* its names, each with a NUL */
	char **names;      /* sorted */
	size_t n, next;
	size_t length;     /* of its path */
	bool selected;     /* all that is in it */
};

struct walk {
	int root;
	char **tops; /* as given, cleaned, sorted */
	bool *fits;  /* of a pattern: something did */
	bool *pattern;
	size_t ntops;
	char **bases; /* where to walk: tops without what is below another */
	size_t nbases, base;
	const char *const *excludes;
	size_t nexcludes;
	struct level *levels;
	size_t depth, room;
	struct bytes path;
	struct walk_entry last;
};

/* "./a//b/" is a/b, "." is nothing. NULL with an error. */
static char *
clean(const char *path, struct error *e)
{
	AUTO_BYTES out = { 0 };

	if (path[0] == '/' || path[0] == '\0') {
		error_set(e, ERROR_USAGE,
		    "%s: is not below the folder: expected a path relative to it (-C DIR)",
		    path[0] == '\0' ? "\"\"" : path);
		return NULL;
	}
	for (const char *p = path; *p != '\0';) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			error_set(e, ERROR_USAGE, "%s: is not below the folder: a path with \"..\"", path);
			return NULL;
		}
		if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (out.len > 0)
				bytes_char(&out, '/');
			bytes_add(&out, p, n);
		}
		p += n;
		p += *p == '/';
	}
	if (out.len == 0)
		return xstrdup("");
	if (entry_check_path((struct span){ out.data, out.len }, e) < 0)
		return NULL;
	return bytes_give(&out);
}

static int
compare_paths(const void *a, const void *b)
{
	return entry_order(*(char *const *)a, *(char *const *)b);
}

static bool
is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return n == 0 || (strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

/* Where the walk for a top begins: a pattern's folder without wildcards. */
static char *
base_of(const char *top, bool pattern)
{
	const char *wild = pattern ? strpbrk(top, "*?[\\") : NULL;

	if (wild == NULL)
		return xstrdup(top);
	while (wild > top && *wild != '/')
		wild--;
	return xmemdup(top, (size_t)(wild - top));
}

static int
add_top(struct walk *w, const char *given, struct error *e)
{
	char *top = clean(given, e);
	struct stat st;

	if (top == NULL)
		return -1;
	w->tops[w->ntops++] = top;
	if (top[0] == '\0' || fstatat(w->root, top, &st, AT_SYMLINK_NOFOLLOW) == 0 || strpbrk(top,
	    "*?[") != NULL)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return error_sys(e, "%s", given);
	return error_set(e, ERROR_NOT_FOUND, "%s: there is no such file or folder", given);
}

static void
set_bases(struct walk *w)
{
	char **all = xmalloc((w->ntops + 1) * sizeof(*all));
	struct stat st;

	for (size_t i = 0; i < w->ntops; i++) {
		w->pattern[i] = w->tops[i][0] != '\0' &&
		    fstatat(w->root, w->tops[i], &st, AT_SYMLINK_NOFOLLOW) < 0;
		w->fits[i] = !w->pattern[i];
		all[i] = base_of(w->tops[i], w->pattern[i]);
	}
	qsort(all, w->ntops, sizeof(*all), compare_paths);
	w->bases = all;
	for (size_t i = 0; i < w->ntops; i++) {
		if (w->nbases > 0 && is_below(all[i], all[w->nbases - 1]))
			free(all[i]);
		else
			all[w->nbases++] = all[i];
	}
}

struct walk *
walk_open(int root, const char *const *paths, size_t n, const char *const *excludes, size_t nexcludes,
    struct error *e)
{
	struct walk *w = xmalloc(sizeof(*w));

	w->root = root;
	w->excludes = excludes;
	w->nexcludes = nexcludes;
	w->tops = xmalloc((n + 1) * sizeof(*w->tops));
	w->pattern = xmalloc(n + 1);
	w->fits = xmalloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		if (add_top(w, paths[i], e) < 0) {
			walk_close(w);
			return NULL;
		}
	}
	qsort(w->tops, w->ntops, sizeof(*w->tops), compare_paths);
	set_bases(w);
	return w;
}

const char *const *
walk_tops(const struct walk *w, size_t *n)
{
	*n = w->ntops;
	return (const char *const *)w->tops;
}

static bool
selected(struct walk *w, const char *path)
{
	bool any = false;

	for (size_t i = 0; i < w->ntops; i++) {
		if (w->pattern[i] ? !glob_match(w->tops[i], path) : !is_below(path, w->tops[i]))
			continue;
		w->fits[i] = true;
		any = true;
	}
	return any;
}

static bool
excluded(const struct walk *w, const char *path, const char *name)
{
	for (size_t i = 0; i < w->nexcludes; i++) {
		if (glob_match(w->excludes[i], strchr(w->excludes[i], '/') == NULL ? name : path))
			return true;
	}
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Straight from the kernel: a DIR costs a handful of calls, and most folders are small. */
static int
read_names(struct level *l, const char *path, struct error *e)
{
	char buffer[32768] __attribute__((aligned(8)));
	ssize_t got;
	size_t at = 0;

	while ((got = getdents64(l->fd, buffer, sizeof(buffer))) > 0) {
		const struct dirent64 *entry;

		for (const char *p = buffer; p < buffer + got; p += entry->d_reclen) {
			const char *name = (entry = (const void *)p)->d_name;

			if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
				continue;
			bytes_add(&l->text, name, strlen(name) + 1);
			l->n++;
		}
	}
	if (got < 0)
		return error_sys(e, "read %s", path[0] == '\0' ? "." : path);
	l->names = xmalloc((l->n + 1) * sizeof(*l->names));
	for (size_t i = 0; i < l->n; i++) {
		l->names[i] = l->text.data + at;
		at += strlen(l->names[i]) + 1;
	}
	qsort(l->names, l->n, sizeof(*l->names), compare_names);
	return 0;
}

/* Into the folder that is walk's path, name in dir. */
static int
enter(struct walk *w, int dir, const char *name, bool all, struct error *e)
{
	struct level *l;

	if (w->depth == w->room) {
		w->room = w->room == 0 ? 16 : 2 * w->room;
		w->levels = xrealloc(w->levels, w->room, sizeof(*w->levels));
	}
	l = &w->levels[w->depth];
	*l = (struct level){ .length = w->path.len, .selected = all };
	l->fd = kernel.open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (l->fd < 0)
		return error_sys(e, "open %s", w->path.len == 0 ? "." : bytes_string(&w->path));
	w->depth++;
	return read_names(l, w->path.len == 0 ? "" : bytes_string(&w->path), e);
}

static void
leave(struct walk *w)
{
	struct level *l = &w->levels[--w->depth];

	close(l->fd);
	bytes_free(&l->text);
	free(l->names);
}

/* Tells of name in dir, whose path is walk's, and goes into it when it is a folder. 1; 0: it is not to be
 * told of. */
static int
tell(struct walk *w, int dir, const char *name, bool all, struct error *e)
{
	const char *path = bytes_string(&w->path);

	if (path[0] != '\0' && excluded(w, path, strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1))
		return 0;
	if (fstatat(dir, name, &w->last.st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(e, "%s: changed while it was saved", path);
	w->last.path = path;
	w->last.dir = dir;
	w->last.name = name;
	all = all || selected(w, path);
	w->last.fd = -1;
	if (S_ISDIR(w->last.st.st_mode)) {
		if (enter(w, dir, name, all, e) < 0)
			return -1;
		w->last.fd = w->levels[w->depth - 1].fd;
	}
	return all && path[0] != '\0';
}

/* The next base; 1, 0: there is none, -1. *told as tell. */
static int
begin_base(struct walk *w, int *told, struct error *e)
{
	const char *base;

	if (w->base == w->nbases)
		return 0;
	base = w->bases[w->base++];
	w->path.len = 0;
	bytes_text(&w->path, base);
	*told = tell(w, w->root, base[0] == '\0' ? "." : base, false, e);
	return 1;
}

static int
finish(struct walk *w, struct error *e)
{
	for (size_t i = 0; i < w->ntops; i++) {
		if (!w->fits[i])
			return error_set(e, ERROR_NOT_FOUND, "%s: fits no file or folder", w->tops[i]);
	}
	return 0;
}

int
walk_next(struct walk *w, struct walk_entry *entry, struct error *e)
{
	int told = 0;

	for (;;) {
		struct level *l;

		while (w->depth > 0 && w->levels[w->depth - 1].next == w->levels[w->depth - 1].n)
			leave(w);
		if (w->depth == 0) {
			int more = begin_base(w, &told, e);

			if (more == 0)
				return finish(w, e);
		} else {
			const char *name;

			l = &w->levels[w->depth - 1];
			name = l->names[l->next++];
			w->path.len = l->length;
			if (l->length > 0)
				bytes_char(&w->path, '/');
			bytes_text(&w->path, name);
			if (w->path.len >= ENTRY_PATH)
				return error_set(e, ERROR_LIMIT, "%.200s...: the path has more than %d bytes",
				    bytes_string(&w->path), ENTRY_PATH - 1);
			told = tell(w, l->fd, name, l->selected, e);
		}
		if (told < 0)
			return -1;
		if (told > 0) {
			*entry = w->last;
			return 1;
		}
	}
}

void
walk_close(struct walk *w)
{
	if (w == NULL)
		return;
	while (w->depth > 0)
		leave(w);
	for (size_t i = 0; i < w->ntops; i++)
		free(w->tops[i]);
	for (size_t i = 0; i < w->nbases; i++)
		free(w->bases[i]);
	free(w->tops);
	free(w->bases);
	free(w->fits);
	free(w->pattern);
	free(w->levels);
	bytes_free(&w->path);
	free(w);
}
