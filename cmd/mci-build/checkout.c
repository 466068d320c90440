#include "checkout.h"

#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "git.h"
#include "memory.h"

static char *
one_line(const char *dir, const char *const *arguments, struct error *e)
{
	struct bytes out = { 0 };

	if (git_run(dir, arguments, &out, e) < 0) {
		bytes_free(&out);
		return NULL;
	}
	if (out.len > 0 && out.data[out.len - 1] == '\n')
		out.len--;
	return bytes_give(&out);
}

/* The tree or commit to check out, as an object name. */
static char *
object_of(const char *project, const char *rev, struct error *e)
{
	const char *const write_tree[] = { "write-tree", NULL };
	const char *const parse[] = { "rev-parse", "--verify", "--quiet", "--end-of-options", rev, NULL };
	AUTO_FREE char *commit = NULL;
	char *object;

	if (rev == NULL)
		return one_line(project, write_tree, e);
	commit = xformat("%s^{commit}", rev);
	object = one_line(project, (const char *const[]){ parse[0], parse[1], parse[2], parse[3], commit,
	    NULL }, e);
	if (object == NULL)
		error_set(e, ERROR_USAGE, "--rev %s: there is no such revision", rev);
	return object;
}

int
checkout_make(const char *project, const char *rev, const char *path, char **dir, struct error *e)
{
	static const char *const top_of[] = { "rev-parse", "--show-toplevel", NULL };
	static const char *const prefix_of[] = { "rev-parse", "--show-prefix", NULL };
	AUTO_FREE char *top = one_line(project, top_of, e);
	AUTO_FREE char *prefix = top == NULL ? NULL : one_line(project, prefix_of, e);
	AUTO_FREE char *object = prefix == NULL ? NULL : object_of(project, rev, e);
	const char *const clone[] = { "clone", "-q", "--shared", "--no-checkout", "--", top, path, NULL };
	const char *const detach[] = { "checkout", "-q", "--detach", object, NULL };
	const char *const read_tree[] = { "read-tree", "--reset", "-u", object, NULL };

	if (object == NULL)
		return -1;
	if (git_run_elsewhere(project, clone, NULL, e) < 0 ||
	    git_run_elsewhere(path, rev != NULL ? detach : read_tree, NULL, e) < 0)
		return -1;
	*dir = xformat("%s/%s", path, prefix);
	return 0;
}
