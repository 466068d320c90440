#include "mirror.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bytes.h"
#include "folder.h"
#include "git.h"
#include "kernel.h"
#include "memory.h"

/* Refs of the other side are kept apart from any that git makes by itself. */
#define KEPT "refs/mci/"

static bool
is_object(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return text[n] == '\0' && (n == 40 || n == 64);
}

static int
check(const struct mirror_wish *w, struct error *e)
{
	const char *const format[] = { "check-ref-format", w->ref, NULL };

	if (*w->rev != '\0' && !is_object(w->rev))
		return error_set(e, ERROR_INPUT, "rev: '%.80s' is not the name of a commit", w->rev);
	if (*w->base != '\0' && !is_object(w->base))
		return error_set(e, ERROR_INPUT, "base: '%.80s' is not the name of a commit", w->base);
	if (*w->ref == '\0')
		return 0;
	/* a name that begins so is no option */
	if (strncmp(w->ref, "refs/", 5) != 0 || git_run_elsewhere("/", format, NULL, NULL) < 0)
		return error_set(e, ERROR_INPUT, "ref: '%.200s' is not the name of a branch or tag", w->ref);
	return 0;
}

/* The folder is made, and nobody else is in it; the lock lives as long as this process. */
static int
take(const char *path, struct error *e)
{
	const char *const init[] = { "init", "-q", "--bare", "--", path, NULL };
	AUTO_FREE char *lock = xformat("%s/mci.lock", path);
	AUTO_FREE char *head = xformat("%s/HEAD", path);
	int fd;

	if (folder_make(path, e) < 0)
		return -1;
	fd = kernel.open(AT_FDCWD, lock, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return error_sys(e, "%s", lock);
	return access(head, F_OK) == 0 ? 0 : git_run_elsewhere(path, init, NULL, e);
}

static int
fetch(const char *path, const char *url, const char *what, struct error *e)
{
	const char *const arguments[] = { "-c", "transfer.fsckObjects=true", "-c",
		"fetch.recurseSubmodules=false", "-c", "gc.auto=0", "fetch", "-q", "--no-tags", "--force",
		"--no-write-fetch-head", "--", url, what, NULL };

	return git_run_elsewhere(path, arguments, NULL, e);
}

static int
fetch_ref(const char *path, const struct mirror_wish *w, struct error *e)
{
	const char *ref = *w->ref == '\0' ? "HEAD" : w->ref;
	AUTO_FREE char *what = xformat("+%s:" KEPT "%s", ref, ref);

	if (fetch(path, w->url, what, e) == 0)
		return 0;
	/* the name that is taken where nobody says one, and a repository has another */
	if (e != NULL && strcmp(ref, "refs/heads/main") == 0 && strstr(e->text, "remote ref") != NULL)
		error_before(e, "no branch main ('mci repo put ORG/REPO main=NAME' names the one that is): ");
	return -1;
}

static bool
has(const char *path, const char *object)
{
	AUTO_FREE char *commit = xformat("%s^{commit}", object);
	const char *const arguments[] = { "cat-file", "-e", commit, NULL };

	return git_run_elsewhere(path, arguments, NULL, NULL) == 0;
}

static char *
commit_at(const char *path, const struct mirror_wish *w, struct error *e)
{
	AUTO_FREE char *commit = xformat(KEPT "%s^{commit}", *w->ref == '\0' ? "HEAD" : w->ref);
	const char *const arguments[] = { "rev-parse", "--verify", "--end-of-options", commit, NULL };
	AUTO_BYTES out = { 0 };

	if (git_run_elsewhere(path, arguments, &out, e) < 0)
		return NULL;
	if (out.len > 0 && out.data[out.len - 1] == '\n')
		out.len--;
	return bytes_give(&out);
}

/* A commit that its branch no longer has may be had by its name. */
static bool
bring(const char *path, const struct mirror_wish *w, const char *object, struct error *e)
{
	AUTO_FREE char *what = xformat("%s:" KEPT "commits/%s", object, object);

	return has(path, object) || (fetch(path, w->url, what, e) == 0 && has(path, object));
}

static char *
commit_of(const char *path, const struct mirror_wish *w, struct error *e)
{
	struct error why = { 0 };

	if (*w->rev != '\0' && has(path, w->rev))
		return xstrdup(w->rev);
	if (fetch_ref(path, w, &why) < 0 && *w->rev == '\0') {
		*e = why;
		return NULL;
	}
	if (*w->rev == '\0')
		return commit_at(path, w, e);
	if (bring(path, w, w->rev, why.code == ERROR_NONE ? &why : NULL))
		return xstrdup(w->rev);
	if (why.code != ERROR_NONE)
		*e = why;
	else
		error_set(e, ERROR_NOT_FOUND, "%s is no commit", w->rev);
	error_before(e, "commit %.12s: ", w->rev);
	return NULL;
}

int
mirror_update(const char *path, const struct mirror_wish *w, char **rev, char **base, struct error *e)
{
	if (check(w, e) < 0 || take(path, e) < 0)
		return -1;
	*rev = commit_of(path, w, e);
	if (*rev == NULL)
		return -1;
	*base = *w->base != '\0' && bring(path, w, w->base, NULL) ? xstrdup(w->base) : NULL;
	return 0;
}
