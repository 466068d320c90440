#include "ignores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git.h"
#include "kernel.h"
#include "memory.h"

/* A git whose answers are not what it was asked is started again so often. */
#define STARTS 10

struct repository {
	char *top;
	struct git_child git;
	int starts;
};

struct ignores {
	struct repository *list; /* the tree's own is the first; an inner one is behind what it lies in */
	size_t n;
	struct bytes in; /* answered and not looked at */
};

static void
repository_add(struct ignores *g, const char *top)
{
	g->list = xrealloc(g->list, g->n + 1, sizeof(*g->list));
	g->list[g->n++] = (struct repository){ .top = xstrdup(top) };
}

struct ignores *
ignores_new(const char *top)
{
	struct ignores *g = xmalloc(sizeof(*g));

	if (git_is_used(top))
		repository_add(g, top);
	return g;
}

static bool
below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && path[n] == '/';
}

/* The innermost repository that the path is in and not itself the top of. */
static struct repository *
repository_of(struct ignores *g, const char *path)
{
	for (size_t i = g->n; i > 0; i--) {
		if (below(path, g->list[i - 1].top))
			return &g->list[i - 1];
	}
	return NULL;
}

/* One field that ends with NUL; NULL when git has gone. */
static const char *
field(struct ignores *g, const struct repository *r, size_t *at)
{
	for (;;) {
		const char *end = g->in.len > *at ? memchr(g->in.data + *at, '\0', g->in.len - *at) : NULL;
		ssize_t n;

		if (end != NULL) {
			const char *text = g->in.data + *at;

			*at = (size_t)(end - g->in.data) + 1;
			return text;
		}
		n = kernel.read(r->git.out, bytes_reserve(&g->in, 4096), 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		g->in.len += (size_t)n;
	}
}

/*
 * "SOURCE NUL LINE NUL PATTERN NUL PATH NUL", all but the last empty when no pattern matches
 * (git-check-ignore(1), -v -n -z). 1, 0, or -1 when git has ended.
 */
static int
ask(struct ignores *g, struct repository *r, const char *path)
{
	size_t at = 0, pattern = 0;

	g->in.len = 0;
	if (kernel_write_all(r->git.in, path, strlen(path) + 1) < 0)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (i == 2)
			pattern = at;
		if (field(g, r, &at) == NULL)
			return -1;
	}
	return g->in.data[pattern] != '\0' && g->in.data[pattern] != '!';
}

/* Of a path that it takes offence at (one in a submodule that was not seen to be one) git ends. */
static int
ask_anew(struct ignores *g, struct repository *r, const char *path)
{
	static const char *const check[] = { "check-ignore", "-v", "-n", "-z", "--stdin", NULL };
	int got = r->git.child != NULL ? ask(g, r, path) : -1;

	if (got >= 0 || r->starts == STARTS)
		return got;
	git_stop(&r->git);
	r->starts++;
	if (git_start(&r->git, r->top, check, NULL) < 0)
		return -1;
	return ask(g, r, path);
}

static bool
is_known(const struct ignores *g, const char *top)
{
	for (size_t i = 0; i < g->n; i++) {
		if (strcmp(g->list[i].top, top) == 0)
			return true;
	}
	return false;
}

bool
ignores_has(struct ignores *g, const char *path)
{
	struct repository *r = repository_of(g, path);
	AUTO_FREE char *mark = xformat("%s/.git", path);

	if (r != NULL && ask_anew(g, r, path) == 1)
		return true;
	if (access(mark, F_OK) == 0 && !is_known(g, path))
		repository_add(g, path);
	return false;
}

void
ignores_reread(struct ignores *g)
{
	for (size_t i = 0; i < g->n; i++) {
		git_stop(&g->list[i].git);
		g->list[i].starts = 0;
	}
}

void
ignores_free(struct ignores *g)
{
	for (size_t i = 0; i < g->n; i++) {
		git_stop(&g->list[i].git);
		free(g->list[i].top);
	}
	free(g->list);
	bytes_free(&g->in);
	free(g);
}
