#include "copy.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "children.h"
#include "folder.h"
#include "git.h"
#include "kernel.h"
#include "memory.h"
#include "process.h"

/* Names for one cp: below what an execve takes, whatever the environment. */
#define NAMES 1000
#define NAMES_BYTES (64 * 1024)
#define REPOSITORIES 1000 /* submodules may have some of their own */

/* The work trees whose files are copied, each below the top: "", "lib/zlib/". */
struct trees {
	char **list;
	size_t n;
};

/* Runs cp in a folder; what it says goes to our standard error. */
static int
cp(const char *dir, const char *const *argv, struct error *e)
{
	struct process_spec spec = { .path = "cp", .argv = (char *const *)(uintptr_t)argv, .dir = dir,
		.in = -1, .out = STDERR_FILENO, .err = STDERR_FILENO };
	struct child *child = child_start(NULL, &spec, NULL, NULL, e);

	if (child == NULL)
		return -1;
	return child_wait(child) == 0 ? 0 :
	    error_set(e, ERROR_SYSTEM, "%s: cp could not copy it", dir);
}

static int
whole_copy(const char *from, const char *to, struct error *e)
{
	const char *const argv[] = { "cp", "-a", "-T", "--reflink=auto", "--", from, to, NULL };

	return cp("/", argv, e);
}

static void
trees_add(struct trees *t, const char *top, const char *path)
{
	t->list = xrealloc(t->list, t->n + 1, sizeof(*t->list));
	t->list[t->n++] = xformat("%s%s/", top, path);
}

/* The next names of the list that are there, from *at on, into argv: their number. What is a folder is the
 * work tree of a submodule, unless it is none yet. */
static size_t
names_take(struct trees *t, const char *dir, const char *inside, const struct bytes *list, size_t *at,
    const char **argv)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	size_t n = 0, bytes = 0;

	while (*at < list->len && n < NAMES && bytes < NAMES_BYTES) {
		const char *name = list->data + *at;
		struct stat st;

		*at += strlen(name) + 1;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			trees_add(t, inside, name);
			continue;
		}
		argv[n++] = name;
		bytes += strlen(name) + 1;
	}
	return n;
}

/* The files of one work tree. */
static int
tree_copy(struct trees *t, const char *top, const char *inside, const char *path, struct error *e)
{
	static const char *const list[] = { "ls-files", "-z", "-c", "-o", "--exclude-standard",
		"--deduplicate", NULL };
	AUTO_FREE char *dir = xformat("%s/%s", top, inside);
	AUTO_FREE char *to = xformat("%s/%s", path, inside);
	AUTO_FREE const char **argv = xmalloc((NAMES + 8) * sizeof(*argv));
	AUTO_BYTES names = { 0 };
	size_t at = 0, n;

	if (!git_is_used(dir))
		return 0;
	if (folder_make(to, e) < 0 || git_run_elsewhere(dir, list, &names, e) < 0)
		return -1;
	while (at < names.len) {
		const char *const front[] = { "cp", "-a", "--parents", "--reflink=auto", "-t", to, "--" };

		memcpy(argv, front, sizeof(front));
		n = sizeof(front) / sizeof(front[0]);
		n += names_take(t, dir, inside, &names, &at, argv + n);
		argv[n] = NULL;
		if (n > sizeof(front) / sizeof(front[0]) && cp(dir, argv, e) < 0)
			return -1;
	}
	return 0;
}

/* A repository of its own that borrows the objects, at the same commit and with the same index. */
static int
repository_copy(const char *top, const char *path, struct error *e)
{
	static const char *const index_of[] = { "rev-parse", "--git-path", "index", NULL };
	const char *const clone[] = { "clone", "-q", "--shared", "--no-checkout", "--", top, path, NULL };
	AUTO_FREE char *index = NULL;
	AUTO_FREE char *to = xformat("%s/.git/index", path);

	if (git_run_elsewhere(top, clone, NULL, e) < 0 ||
	    (index = git_line(top, index_of, e)) == NULL)
		return -1;
	if (index[0] != '/') {
		char *absolute = xformat("%s/%s", top, index);

		free(index);
		index = absolute;
	}
	return access(index, F_OK) < 0 ? 0 : whole_copy(index, to, e);
}

static int
git_copy(const char *top, const char *path, struct error *e)
{
	struct trees t = { 0 };
	int result = repository_copy(top, path, e);

	t.list = xmalloc(sizeof(*t.list));
	t.list[t.n++] = xstrdup("");
	for (size_t i = 0; i < t.n && result == 0; i++) {
		if (i == REPOSITORIES)
			result = error_set(e, ERROR_LIMIT, "more than %d submodules", REPOSITORIES);
		else
			result = tree_copy(&t, top, t.list[i], path, e);
	}
	while (t.n > 0)
		free(t.list[--t.n]);
	free(t.list);
	return result;
}

int
copy_make(const char *dir, const char *checkout, const char *path, char **inside, struct error *e)
{
	static const char *const top_of[] = { "rev-parse", "--show-toplevel", NULL };
	static const char *const prefix_of[] = { "rev-parse", "--show-prefix", NULL };
	AUTO_FREE char *top = NULL;

	*inside = NULL;
	if (checkout != NULL) {
		*inside = xstrdup(dir + strlen(checkout) + (dir[strlen(checkout)] == '/'));
		return whole_copy(checkout, path, e);
	}
	if (!git_is_used(dir)) {
		*inside = xstrdup("");
		return whole_copy(dir, path, e);
	}
	if ((top = git_line(dir, top_of, e)) == NULL || (*inside = git_line(dir, prefix_of, e)) == NULL)
		return -1;
	return git_copy(top, path, e);
}
