#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "git.h"
#include "memory.h"

/* git's one-line answer, or NULL when it has none. */
static char *
answer(const char *dir, const char *const *arguments)
{
	struct bytes out = { 0 };

	if (git_run(dir, arguments, &out, NULL) < 0 || out.len == 0) {
		bytes_free(&out);
		return NULL;
	}
	if (out.data[out.len - 1] == '\n')
		out.len--;
	return bytes_give(&out);
}

/* Cuts NUL-separated names into the list. */
static void
paths_cut(struct facts *f)
{
	size_t n = 0;

	for (size_t at = 0; at < f->text.len; at += strlen(f->text.data + at) + 1) {
		f->when.paths = xrealloc(f->when.paths, n + 1, sizeof(char *));
		f->when.paths[n++] = f->text.data + at;
	}
	f->when.npaths = n;
}

/* What differs from the revision in the work tree, and what git does not know yet. */
static int
paths_ask(struct facts *f, const char *dir, const char *since, struct error *e)
{
	const char *const diff[] = { "diff", "-z", "--name-only", "--relative", "--end-of-options", since,
		"--", NULL };
	const char *const others[] = { "ls-files", "-z", "--others", "--exclude-standard", NULL };

	if (git_run(dir, diff, &f->text, e) < 0)
		return error_before(e, "--since %s: ", since);
	if (git_run(dir, others, &f->text, e) < 0)
		return -1;
	bytes_string(&f->text);
	paths_cut(f);
	f->when.has_base = true;
	return 0;
}

int
facts_ask(struct facts *f, const char *dir, const char *since, struct error *e)
{
	static const char *const branch[] = { "symbolic-ref", "-q", "--short", "HEAD", NULL };
	static const char *const tag[] = { "describe", "--tags", "--exact-match", "HEAD", NULL };

	if (f->known)
		return 0;
	f->known = true;
	f->branch = answer(dir, branch);
	f->tag = answer(dir, tag);
	f->when = (struct when_facts){ .branch = f->branch, .tag = f->tag, .event = "manual" };
	return since == NULL ? 0 : paths_ask(f, dir, since, e);
}

void
facts_free(struct facts *f)
{
	free(f->branch);
	free(f->tag);
	free(f->when.paths);
	bytes_free(&f->text);
	*f = (struct facts){ 0 };
}
