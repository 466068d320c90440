#include "checkout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "git.h"
#include "memory.h"

#define SUBMODULES 1000 /* in all: submodules may have some of their own */

/* A repository that is to be checked out, and from which. */
struct copy {
	char *from;   /* a work tree, or a repository without one */
	char *to;
	char *object; /* NULL: what is staged was read already */
	char *name;   /* for people; "" for the project itself */
};

struct copies {
	struct copy *list;
	size_t n;
	bool bare;
	void (*note)(void *arg, const char *text);
	void *arg;
};

static void
copies_free(struct copies *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->list[i].from);
		free(c->list[i].to);
		free(c->list[i].object);
		free(c->list[i].name);
	}
	free(c->list);
}
#define AUTO_COPIES __attribute__((cleanup(copies_free))) struct copies

static void
copies_add(struct copies *c, struct copy copy)
{
	c->list = xrealloc(c->list, c->n + 1, sizeof(*c->list));
	c->list[c->n++] = copy;
}

/* The tree or commit to check out, as an object name. */
static char *
object_of(const char *project, const char *rev, struct error *e)
{
	const char *const write_tree[] = { "write-tree", NULL };
	AUTO_FREE char *commit = xformat("%s^{commit}", rev == NULL ? "" : rev);
	const char *const parse[] = { "rev-parse", "--verify", "--quiet", "--end-of-options", commit, NULL };
	AUTO_BYTES out = { 0 };
	int got;

	if (rev == NULL)
		return git_line(project, write_tree, e);
	got = git_ask(project, parse, &out, e);
	if (got == 0)
		error_set(e, ERROR_USAGE, "--rev %s: there is no such revision", rev);
	if (got <= 0)
		return NULL;
	out.len--;
	return bytes_give(&out);
}

static int
populate(const struct copy *c, bool commit, struct error *e)
{
	const char *const clone[] = { "clone", "-q", "--shared", "--no-checkout", "--", c->from, c->to,
		NULL };
	const char *const detach[] = { "checkout", "-q", "--detach", c->object, NULL };
	const char *const read_tree[] = { "read-tree", "--reset", "-u", c->object, NULL };

	if (git_run_elsewhere(c->from, clone, NULL, e) < 0 ||
	    git_run_elsewhere(c->to, commit ? detach : read_tree, NULL, e) < 0)
		return -1;
	return 0;
}

/* From where .gitmodules says. A bare repository's own url is what theirs may be relative to. */
static int
fetch(const struct copy *of, const char *path, struct error *e)
{
	static const char *const url_of[] = { "config", "--get", "remote.origin.url", NULL };
	const char *const update[] = { "submodule", "--quiet", "update", "--init", "--recursive", "--",
		path, NULL };
	AUTO_FREE char *url = git_line(of->from, url_of, NULL);
	const char *const set[] = { "config", "remote.origin.url", url, NULL };

	if (url != NULL && git_run_elsewhere(of->to, set, NULL, e) < 0)
		return -1;
	return git_run_elsewhere(of->to, update, NULL, e);
}

/* One submodule of the copy: it is done here, put on the list, or stays empty. */
static int
submodule(struct copies *c, size_t of, const char *object, const char *path, struct error *e)
{
	const struct copy *parent = &c->list[of];
	AUTO_FREE char *name = xformat("%s%s%s", parent->name, *parent->name ? "/" : "", path);
	AUTO_FREE char *there = xformat("%s/%s", parent->from, path);
	AUTO_FREE char *mark = xformat("%s/.git", there);

	if (c->bare)
		return fetch(parent, path, e) < 0 ? error_before(e, "submodule %s: ", name) : 0;
	if (access(mark, F_OK) < 0) {
		AUTO_FREE char *text = xformat("submodule %s is empty: git submodule update --init %s", name,
		    name);

		c->note(c->arg, text);
		return 0;
	}
	if (c->n == SUBMODULES)
		return error_set(e, ERROR_LIMIT, "more than %d submodules", SUBMODULES);
	copies_add(c, (struct copy){ .from = xstrdup(there), .to = xformat("%s/%s", parent->to, path),
		.object = xstrdup(object), .name = xstrdup(name) });
	return 0;
}

/* Those that the index of a copy records: "160000 OBJECT STAGE\tPATH" (git-ls-files(1), -s). */
static int
submodules(struct copies *c, size_t of, struct error *e)
{
	static const char *const list[] = { "ls-files", "-s", "-z", NULL };
	static const char mode[] = "160000 ";
	AUTO_BYTES out = { 0 };

	if (git_run_elsewhere(c->list[of].to, list, &out, e) < 0)
		return -1;
	bytes_string(&out);
	for (size_t at = 0; at < out.len; at += strlen(out.data + at) + 1) {
		char *line = out.data + at, *path = strchr(line, '\t');
		AUTO_FREE char *object = NULL;

		if (strncmp(line, mode, strlen(mode)) != 0 || path == NULL)
			continue;
		line += strlen(mode);
		object = xmemdup(line, strcspn(line, " "));
		if (submodule(c, of, object, path + 1, e) < 0)
			return -1;
	}
	return 0;
}

/* The top of the work tree, or the bare repository, and where in it project is. */
static int
source_of(const char *project, char **top, char **prefix, bool *bare, struct error *e)
{
	static const char *const is_bare[] = { "rev-parse", "--is-bare-repository", NULL };
	static const char *const git_dir[] = { "rev-parse", "--absolute-git-dir", NULL };
	static const char *const top_of[] = { "rev-parse", "--show-toplevel", NULL };
	static const char *const prefix_of[] = { "rev-parse", "--show-prefix", NULL };
	AUTO_FREE char *answer = git_line(project, is_bare, e);

	if (answer == NULL)
		return -1;
	*bare = strcmp(answer, "true") == 0;
	*top = git_line(project, *bare ? git_dir : top_of, e);
	*prefix = *top == NULL ? NULL : *bare ? xstrdup("") : git_line(project, prefix_of, e);
	return *prefix == NULL ? -1 : 0;
}

int
checkout_make(const char *project, const char *rev, const char *path, char **dir,
    void (*note)(void *arg, const char *text), void *arg, struct error *e)
{
	AUTO_FREE char *top = NULL;
	AUTO_FREE char *prefix = NULL;
	AUTO_COPIES c = { .note = note, .arg = arg };
	char *object;

	if (source_of(project, &top, &prefix, &c.bare, e) < 0 ||
	    (object = object_of(project, rev, e)) == NULL)
		return -1;
	copies_add(&c, (struct copy){ .from = xstrdup(top), .to = xstrdup(path), .object = object,
		.name = xstrdup("") });
	for (size_t i = 0; i < c.n; i++) {
		if (populate(&c.list[i], i > 0 || rev != NULL, e) < 0)
			return i == 0 ? -1 : error_before(e, "submodule %s: ", c.list[i].name);
		if (submodules(&c, i, e) < 0)
			return -1;
	}
	*dir = xformat("%s/%s", path, prefix);
	return 0;
}

char *
checkout_project(const char *cwd, struct error *e)
{
	AUTO_FREE char *prefix = NULL;
	char *top = NULL;
	bool bare;

	if (source_of(cwd, &top, &prefix, &bare, e) == 0)
		return top;
	free(top);
	return NULL;
}
