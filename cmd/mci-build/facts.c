#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "git.h"
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

	if (from == NULL)
		return base_missing(of, e);
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

int
facts_ask(struct facts *f, const struct facts_source *of, struct error *e)
{
	if (f->known)
		return 0;
	f->known = true;
	f->when = (struct when_facts){ .event = "manual" };
	if (git_is_used(of->project) && (branch_ask(f, of, e) < 0 || tags_ask(f, of, e) < 0))
		return -1;
	f->when.branch = f->branch;
	return of->since == NULL ? 0 : paths_ask(f, of, e);
}

void
facts_free(struct facts *f)
{
	free(f->branch);
	free(f->when.tags);
	free(f->when.paths);
	bytes_free(&f->tags);
	bytes_free(&f->paths);
	*f = (struct facts){ 0 };
}
