#include "checkout.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "buildname.h"
#include "bytes.h"
#include "folder.h"
#include "git.h"
#include "jsontree.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "mirror.h"
#include "names.h"
#include "process.h"
#include "remote.h"

struct checkout {
	const char *dir;      /* what is made */
	char *mark;           /* a file beside it: the commit that is checked out in it, whole */
	char *mirror;
	struct mirror_wish wish;
	char *rev, *base;
	bool kept;            /* it was there */
};

static const char *
member(const json_t *order, const char *name)
{
	const char *text = json_string_value(json_object_get(order, name));

	return text == NULL ? "" : text;
}

/* The first line; what comes behind it is not ours, and its end is the agent's. */
static json_t *
read_order(struct error *e)
{
	AUTO_BYTES line = { 0 };
	char *end = NULL;

	while (end == NULL && line.len <= LINE_LIMIT) {
		ssize_t n = kernel_read_some(STDIN_FILENO, bytes_reserve(&line, 65536), 65536);

		if (n < 0) {
			error_sys(e, "standard input");
			return NULL;
		}
		end = n == 0 ? line.data + line.len : memchr(line.data + line.len, '\n', (size_t)n);
		line.len += (size_t)n;
	}
	return jsontree_read((struct span){ line.data, end == NULL ? line.len :
	    (size_t)(end - line.data) }, e);
}

/* Whether a run before made all of it: then the jobs that have ended there need not run again. */
static bool
is_there(const struct checkout *c)
{
	AUTO_BYTES text = { 0 };
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, c->mark);
	ssize_t n = fd < 0 ? -1 : kernel.read(fd, bytes_reserve(&text, 128), 128);

	return n > 0 && strlen(c->rev) == (size_t)n && memcmp(text.data, c->rev, (size_t)n) == 0;
}

static int
put_file(const char *path, const char *text, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || kernel_write_all(fd, text, strlen(text)) < 0)
		return error_sys(e, "%s", path);
	return 0;
}

/* The mirror lends its objects. */
static int
borrow(const struct checkout *c, struct error *e)
{
	AUTO_FREE char *file = xformat("%s/.git/objects/info/alternates", c->dir);
	AUTO_FREE char *text = xformat("%s/objects\n", c->mirror);

	return put_file(file, text, e);
}

/* Without the password that it may hold: jobs see it. */
static char *
plain_url(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = host == NULL ? NULL : memrchr(host + 3, '@', strcspn(host + 3, "/"));

	return at == NULL ? xstrdup(url) : xformat("%.*s%s", (int)(host + 3 - url), url, at + 1);
}

static int
populate(const struct checkout *c, struct error *e)
{
	AUTO_FREE char *url = plain_url(c->wish.url);
	const char *const init[] = { "init", "-q", "--", c->dir, NULL };
	const char *const remote[] = { "config", "remote.origin.url", url, NULL };
	const char *const detach[] = { "-c", "advice.detachedHead=false", "checkout", "-q", "--force",
		"--detach", c->rev, NULL };

	if (git_run_elsewhere("/", init, NULL, e) < 0 || borrow(c, e) < 0)
		return -1;
	return git_run_elsewhere(c->dir, remote, NULL, e) < 0 ? -1 :
	    git_run_elsewhere(c->dir, detach, NULL, e);
}

/* Those that .gitmodules names, from elsewhere only: a folder of this machine is not the
 * repository's to name. */
static int
submodules(const struct checkout *c, struct error *e)
{
	static const char *const update[] = { "-c", "transfer.fsckObjects=true", "submodule", "--quiet",
		"update", "--init", "--recursive", NULL };
	AUTO_FREE char *list = xformat("%s/.gitmodules", c->dir);

	if (access(list, F_OK) < 0)
		return 0;
	remote_allow(false);
	return git_run_elsewhere(c->dir, update, NULL, e) < 0 ? error_before(e, "submodules: ") : 0;
}

/* Files that are kept elsewhere (git-lfs), where it is installed; else jobs find their pointers. */
static int
large_files(const struct checkout *c, struct error *e)
{
	static const char *const uses[] = { "grep", "-q", "--no-recurse-submodules", "filter=lfs", "HEAD",
		"--", ":(glob)**/.gitattributes", NULL };
	/* no hooks */
	static const char *const install[] = { "lfs", "install", "--local", "--skip-smudge", "--skip-repo",
		NULL };
	static const char *const pull[] = { "lfs", "pull", NULL };
	/* git-lfs knows a folder by an url alone */
	AUTO_FREE char *folder = xformat("file://%s", c->wish.url);
	const char *const where[] = { "config", "lfs.url", folder, NULL };
	AUTO_FREE char *program = process_find("git-lfs", getenv("PATH"));

	if (program == NULL || git_run_elsewhere(c->dir, uses, NULL, NULL) < 0)
		return 0;
	if ((*c->wish.url == '/' && git_run_elsewhere(c->dir, where, NULL, e) < 0) ||
	    git_run_elsewhere(c->dir, install, NULL, e) < 0 || git_run_elsewhere(c->dir, pull, NULL, e) < 0)
		return error_before(e, "large files: ");
	return 0;
}

static int
make(struct checkout *c, const json_t *keys, struct error *e)
{
	if (remote_check(c->wish.url, e) < 0 || remote_harden(c->wish.url, keys, e) < 0)
		return -1;
	remote_allow(true);
	if (mirror_update(c->mirror, &c->wish, &c->rev, &c->base, e) < 0)
		return -1;
	c->kept = is_there(c);
	if (c->kept)
		return 0;
	if (names_remove(AT_FDCWD, c->mark, e) < 0 || names_remove_tree(c->dir, e) < 0)
		return -1;
	if (populate(c, e) < 0 || submodules(c, e) < 0 || large_files(c, e) < 0)
		return -1;
	return put_file(c->mark, c->rev, e);
}

static int
take(const char *dir, const char *workdir, const json_t *order, struct checkout *c, struct error *e)
{
	AUTO_FREE char *lock = xformat("%s.lock", dir);
	AUTO_FREE char *above = xmemdup(dir, (size_t)(strrchr(dir, '/') - dir));
	const char *build = member(order, "build");
	int fd;

	if (buildname_check((struct span){ build, strlen(build) }, e) < 0)
		return error_before(e, "build: ");
	c->dir = dir;
	c->mark = xformat("%s.rev", dir);
	c->mirror = xformat("%s/mirrors/%.*s.git", workdir, (int)(strrchr(build, '/') - build), build);
	c->wish = (struct mirror_wish){ member(order, "url"), member(order, "ref"), member(order, "rev"),
		member(order, "base") };
	if (folder_make(above, e) < 0)
		return -1;
	/* one that a dead agent left behind may still be at work there */
	fd = kernel.open(AT_FDCWD, lock, O_RDWR | O_CREAT, 0600);
	return fd < 0 || flock(fd, LOCK_EX) < 0 ? error_sys(e, "%s", lock) : 0;
}

static int
report(const struct checkout *c, const struct error *why)
{
	json_auto_t *result = json_object();
	AUTO_BYTES line = { 0 };

	if (why != NULL) {
		json_object_set_new(result, "error", json_string(why->text));
	} else {
		json_object_set_new(result, "rev", json_string(c->rev));
		json_object_set_new(result, "fresh", json_boolean(!c->kept));
		if (c->base != NULL)
			json_object_set_new(result, "base", json_string(c->base));
	}
	jsontree_write(&line, result);
	puts(bytes_string(&line));
	return why == NULL ? 0 : 1;
}

/* Neither we, who hold the keys, nor git and ssh leave a core. The others of this user are let to look at our
 * descriptors: ssh finds the keys there. */
static void
cores_forbid(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

int
checkout_run(const char *workdir, const char *dir)
{
	struct checkout c = { 0 };
	struct error e;
	json_auto_t *order = (cores_forbid(), read_order(&e));
	int status;

	if (order != NULL && take(dir, workdir, order, &c, &e) == 0 &&
	    make(&c, json_object_get(order, "keys"), &e) == 0)
		status = report(&c, NULL);
	else
		status = report(&c, &e);
	free(c.mark);
	free(c.mirror);
	free(c.rev);
	free(c.base);
	return status;
}
