#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "git.h"
#include "head.h"
#include "memory.h"

/* Cuts texts that each end with the byte into a list. */
static char **
cut(struct bytes *text, char end, size_t *n)
{
	char **list = NULL;

	bytes_string(text);
	*n = 0;
	for (size_t at = 0; at < text->len;) {
		char *stop = memchr(text->data + at, end, text->len - at);

		list = xrealloc(list, *n + 1, sizeof(char *));
		list[(*n)++] = text->data + at;
		if (stop == NULL)
			break;
		*stop = '\0';
		at = (size_t)(stop - text->data) + 1;
	}
	return list;
}

/* Whether there is a commit yet: 1, 0, -1 when the repository is damaged. */
static int
has_commit(const char *dir, struct error *e)
{
	static const char *const parse[] = { "rev-parse", "-q", "--verify", "HEAD^{commit}", NULL };
	static const char *const log[] = { "log", "-1", "--format=", NULL };

	if (git_ask(dir, parse, NULL, NULL) == 1)
		return 1;
	if (git_run(dir, log, NULL, e) == 0)
		return 1;
	return strstr(e->text, "does not have any commits") != NULL ? 0 : -1;
}

static void
without_newline(struct bytes *text)
{
	if (text->len > 0 && text->data[text->len - 1] == '\n')
		text->len--;
}

/* The branch that the revision, or else HEAD, names. */
static int
branch_ask(struct facts *f, const struct facts_source *of, struct error *e)
{
	static const char prefix[] = "refs/heads/";
	const char *const head[] = { "symbolic-ref", "-q", "HEAD", NULL };
	const char *const named[] = { "rev-parse", "--verify", "--symbolic-full-name",
		"--end-of-options", of->rev, NULL };
	AUTO_BYTES out = { 0 };

	if (git_ask(of->project, of->rev != NULL ? named : head, &out, e) < 0)
		return -1;
	without_newline(&out);
	if (strncmp(bytes_string(&out), prefix, strlen(prefix)) == 0)
		f->branch = xstrdup(out.data + strlen(prefix));
	return 0;
}

static int
tags_ask(struct facts *f, const struct facts_source *of, struct error *e)
{
	AUTO_FREE char *points_at = xformat("--points-at=%s^{commit}", of->rev != NULL ? of->rev : "HEAD");
	const char *const tags[] = { "for-each-ref", points_at, "--format=%(refname:strip=2)",
		"refs/tags", NULL };
	int there = of->rev != NULL ? 1 : has_commit(of->project, e);

	if (there <= 0)
		return there;
	if (git_run(of->project, tags, &f->tags, e) < 0)
		return -1;
	f->when.tags = cut(&f->tags, '\n', &f->when.ntags);
	return 0;
}

/* A base that is not there may lie behind the end of a shallow clone. */
static int
base_missing(const struct facts_source *of, struct error *e)
{
	static const char *const shallow[] = { "rev-parse", "--is-shallow-repository", NULL };
	AUTO_BYTES out = { 0 };

	bool cut_off = git_run(of->project, shallow, &out, NULL) == 0 &&
	    strcmp(bytes_string(&out), "true\n") == 0;

	return error_set(e, ERROR_USAGE, "--since %s: there is no such revision%s", of->since,
	    cut_off ? " in this shallow clone: git fetch --unshallow" : "");
}

/* What differs from the revision in what is built; in place also what git does not know yet. A file that was
 * moved is named in its old place and in its new one. */
static int
paths_ask(struct facts *f, const struct facts_source *of, struct error *e)
{
	AUTO_FREE char *base = xformat("%s^{commit}", of->since);
	const char *const parse[] = { "rev-parse", "-q", "--verify", "--end-of-options", base, NULL };
	AUTO_FREE char *from = git_line(of->project, parse, e);
	const char *diff[] = { "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--relative", from, NULL, NULL, NULL };
	const char *const others[] = { "ls-files", "-z", "--others", "--exclude-standard", NULL };
	AUTO_FREE char *to = of->rev == NULL ? NULL : xformat("%s^{commit}", of->rev);
	size_t n = 8;

	/* what a push was from may be nowhere any more: everything counts as changed then */
	if (from == NULL)
		return of->given.whole ? 0 : base_missing(of, e);
	if (to != NULL)
		diff[n++] = to;
	else if (of->staged)
		diff[n++] = "--cached";
	diff[n] = "--";
	if (git_run(of->project, diff, &f->paths, e) < 0)
		return error_before(e, "--since %s: ", of->since);
	if (to == NULL && !of->staged && git_run(of->project, others, &f->paths, e) < 0)
		return -1;
	f->when.paths = cut(&f->paths, '\0', &f->when.npaths);
	f->when.has_base = true;
	return 0;
}

static int
text_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes one of the names that git log puts beside a commit. */
static void
decoration_take(struct facts *f, struct span name)
{
	static const char head[] = "HEAD -> refs/heads/", tag[] = "tag: refs/tags/";
	size_t nhead = sizeof(head) - 1, ntag = sizeof(tag) - 1;

	if (name.n > nhead && memcmp(name.p, head, nhead) == 0) {
		f->branch = xmemdup(name.p + nhead, name.n - nhead);
	} else if (name.n > ntag && memcmp(name.p, tag, ntag) == 0) {
		bytes_add(&f->tags, name.p + ntag, name.n - ntag);
		bytes_char(&f->tags, '\n');
	}
}

/*
 * Commit, branch and tags of HEAD by one git: its names have no space in them, so they are apart at ", ".
 * -1: there is no commit yet, or what else is wrong.
 */
static int
head_ask(struct facts *f, const struct facts_source *of)
{
	static const char *const log[] = { "log", "-1", "--no-show-signature", "--decorate=full",
		"--decorate-refs=HEAD", "--decorate-refs=refs/heads", "--decorate-refs=refs/tags",
		"--format=%H%n%D", NULL };
	AUTO_BYTES out = { 0 };
	const char *p, *end;

	if (git_run(of->project, log, &out, NULL) < 0)
		return -1;
	without_newline(&out);
	p = bytes_string(&out);
	end = strchrnul(p, '\n');
	f->commit = xmemdup(p, (size_t)(end - p));
	for (p = end + (*end != '\0'); *p != '\0'; p = end + (*end != '\0' ? 2 : 0)) {
		end = strstr(p, ", ");
		if (end == NULL)
			end = p + strlen(p);
		decoration_take(f, (struct span){ p, (size_t)(end - p) });
	}
	f->when.tags = cut(&f->tags, '\n', &f->when.ntags);
	if (f->when.ntags > 1)
		qsort(f->when.tags, f->when.ntags, sizeof(char *), text_order);
	return 0;
}

/* What the commit is that is built. */
static int
commit_ask(struct facts *f, const struct facts_source *of, struct error *e)
{
	AUTO_FREE char *name = xformat("%s^{commit}", of->rev != NULL ? of->rev : "HEAD");
	const char *const parse[] = { "rev-parse", "-q", "--verify", "--end-of-options", name, NULL };

	if (f->head_known)
		return 0;
	f->when.event = "manual";
	if (!of->given.whole && git_is_used(of->project) && (of->rev != NULL || head_ask(f, of) < 0)) {
		if (branch_ask(f, of, e) < 0 || tags_ask(f, of, e) < 0)
			return -1;
		f->commit = git_line(of->project, parse, NULL);
	}
	f->when.branch = f->branch;
	f->head_known = true;
	return 0;
}

static char **
list_copy(const struct option_list *list)
{
	char **copy = xmalloc(list->n * sizeof(char *));

	memcpy(copy, list->items, list->n * sizeof(char *));
	return copy;
}

/* What is said takes the place of what was asked. */
static void
given_take(struct facts *f, const struct facts_given *given)
{
	if (given->event != NULL)
		f->when.event = given->event;
	if (given->branch != NULL)
		f->when.branch = given->branch;
	f->when.target = given->target;
	if (given->commit != NULL && f->commit == NULL)
		f->commit = xstrdup(given->commit);
	if (given->tags.n > 0) {
		free(f->when.tags);
		f->when.tags = list_copy(&given->tags);
		f->when.ntags = given->tags.n;
	}
}

bool
facts_are_given(const struct facts_given *given)
{
	return given->event != NULL || given->branch != NULL || given->target != NULL ||
	    given->tags.n > 0 || given->changed.n > 0;
}

int
facts_ask(struct facts *f, const struct facts_source *of, struct error *e)
{
	const struct option_list *changed = &of->given.changed;

	if (f->known)
		return 0;
	if (commit_ask(f, of, e) < 0)
		return -1;
	f->known = true;
	given_take(f, &of->given);
	if (changed->n == 0)
		return of->since == NULL ? 0 : paths_ask(f, of, e);
	f->when.paths = list_copy(changed);
	f->when.npaths = changed->n;
	f->when.has_base = true;
	return 0;
}

static void
export(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

/* What stands in git's files: in place, where nothing is given. */
static bool
head_export(const struct facts_source *of)
{
	struct head h;

	if (of->rev != NULL || of->staged || facts_are_given(&of->given) || !head_read(&h, of->project))
		return false;
	export("MCI_EVENT", "manual");
	export("MCI_BRANCH", h.branch);
	export("MCI_TAG", h.tag);
	export("MCI_TARGET", NULL);
	export("MCI_COMMIT", h.commit);
	head_free(&h);
	return true;
}

void
facts_export(struct facts *f, const struct facts_source *of, const char *repo)
{
	struct error unread;

	export("MCI_REPO", repo);
	if (!f->head_known && head_export(of))
		return;
	if (commit_ask(f, of, &unread) < 0)
		f->when.event = "manual";
	given_take(f, &of->given);
	export("MCI_EVENT", f->when.event);
	export("MCI_BRANCH", f->when.branch);
	export("MCI_TAG", f->when.ntags > 0 ? f->when.tags[0] : NULL);
	export("MCI_TARGET", f->when.target);
	export("MCI_COMMIT", f->commit);
}

void
facts_free(struct facts *f)
{
	free(f->branch);
	free(f->commit);
	free(f->when.tags);
	free(f->when.paths);
	bytes_free(&f->tags);
	bytes_free(&f->paths);
	*f = (struct facts){ 0 };
}
