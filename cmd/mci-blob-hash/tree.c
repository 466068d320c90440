#include "tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bytes.h"
#include "glob.h"
#include "memory.h"

/* Folders that are still to be read; no recursion on what somebody made. */
struct walk {
	struct tree *tree;
	const char *dir;
	const char *glob; /* what is found has to match it, or a folder above; NULL: all is taken */
	const struct option_list *exclude;
	char **folders;
	size_t n;
};

/* Whether a path matches, or a folder that it is in does. names: a glob without slash is one of the
 * last word of a path, as in gitignore(5). */
static bool
matches(const char *glob, const char *path, bool names)
{
	AUTO_FREE char *part = xstrdup(path);

	names = names && strchr(glob, '/') == NULL;
	for (;;) {
		char *slash = strrchr(part, '/');

		if (glob_match(glob, names && slash != NULL ? slash + 1 : part))
			return true;
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
}

static bool
is_left_out(const struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->exclude->n; i++) {
		if (matches(w->exclude->items[i], path, true))
			return true;
	}
	return false;
}

static int
file_add(struct walk *w, const char *path, struct error *e)
{
	struct tree *t = w->tree;

	if ((w->glob != NULL && !matches(w->glob, path, false)) || is_left_out(w, path))
		return 0;
	if (t->n == TREE_FILES)
		return error_set(e, ERROR_LIMIT, "more than %d files", TREE_FILES);
	if (t->n == t->size) {
		t->size = t->size == 0 ? 256 : t->size * 2;
		t->paths = xrealloc(t->paths, t->size, sizeof(char *));
	}
	t->paths[t->n++] = xstrdup(path);
	return 0;
}

/* One thing that was found; path is relative, "" the folder itself. */
static int
path_take(struct walk *w, const char *path, struct error *e)
{
	AUTO_FREE char *full = xformat("%s/%s", w->dir, path);
	struct stat st;

	if (lstat(full, &st) < 0)
		return error_sys(e, "%s", *path == '\0' ? w->dir : path);
	if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
		return file_add(w, path, e);
	if (S_ISDIR(st.st_mode) && !is_left_out(w, path)) {
		w->folders = xrealloc(w->folders, w->n + 1, sizeof(char *));
		w->folders[w->n++] = xstrdup(path);
	}
	return 0;
}

static int
folder_read(struct walk *w, const char *path, struct error *e)
{
	AUTO_FREE char *full = xformat("%s/%s", w->dir, path);
	DIR *d = opendir(full);
	const struct dirent *entry;
	int result = 0;

	if (d == NULL)
		return error_sys(e, "%s", full);
	while (result == 0 && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;
		AUTO_FREE char *below = NULL;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, ".git") == 0)
			continue;
		below = xformat("%s%s%s", path, *path == '\0' ? "" : "/", name);
		result = path_take(w, below, e);
	}
	closedir(d);
	return result;
}

static bool
is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[\\") != NULL;
}

/* Without ./ in front and / at the end; "." is "". */
static char *
plain(const char *pattern)
{
	size_t n = strlen(pattern);

	while (n >= 2 && strncmp(pattern, "./", 2) == 0) {
		pattern += 2;
		n -= 2;
	}
	while (n > 0 && pattern[n - 1] == '/')
		n--;
	return n == 1 && pattern[0] == '.' ? xstrdup("") : xmemdup(pattern, n);
}

/* The folder of a glob in front of its first wildcard. */
static char *
base_of(const char *glob)
{
	size_t n = strcspn(glob, "*?[\\");

	while (n > 0 && glob[n] != '/')
		n--;
	return xmemdup(glob, n);
}

static int
pattern_read(struct tree *t, const char *dir, const char *pattern, const struct option_list *exclude,
    struct error *e)
{
	AUTO_FREE char *text = plain(pattern);
	AUTO_FREE char *base = is_glob(text) ? base_of(text) : NULL;
	struct walk w = { .tree = t, .dir = dir, .glob = base != NULL ? text : NULL, .exclude = exclude };
	AUTO_FREE char *full = xformat("%s/%s", dir, base == NULL ? "" : base);
	struct stat st;
	int result;

	/* a glob may match nothing */
	if (base != NULL && lstat(full, &st) < 0)
		return 0;
	result = path_take(&w, base != NULL ? base : text, e);
	while (w.n > 0) {
		AUTO_FREE char *folder = w.folders[--w.n];

		if (result == 0)
			result = folder_read(&w, folder, e);
	}
	free(w.folders);
	return result;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
tree_read(struct tree *t, const char *dir, char *const *patterns, size_t n,
    const struct option_list *exclude, struct error *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (pattern_read(t, dir, patterns[i], exclude, e) < 0)
			return -1;
	}
	if (t->n > 0)
		qsort(t->paths, t->n, sizeof(char *), by_name);
	for (size_t i = 0; i < t->n; i++) {
		if (kept > 0 && strcmp(t->paths[kept - 1], t->paths[i]) == 0)
			free(t->paths[i]);
		else
			t->paths[kept++] = t->paths[i];
	}
	t->n = kept;
	return 0;
}

void
tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->paths[i]);
	free(t->paths);
	*t = (struct tree){ 0 };
}
