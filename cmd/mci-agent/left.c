#include "left.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes.h"
#include "children.h"
#include "claim.h"
#include "emit.h"
#include "holders.h"
#include "kernel.h"
#include "memory.h"

struct left;

struct one {
	struct left *left;
	char *folder;
	struct claim claim;
};

struct left {
	struct loop *loop;
	struct one *all;
	size_t n, open;
	struct loop_timer *none; /* nothing was found */
	void (*done)(void *arg);
	void *arg;
};

/* ---- folders that go */

struct removal {
	struct child *child;
};

static void
removed(void *arg, int status, const struct rusage *usage)
{
	struct removal *r = arg;

	(void)status;
	(void)usage;
	child_free(r->child);
	free(r);
}

void
left_remove(struct loop *loop, const char *folder)
{
	char *const argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, (char[]){ "--" },
		(char *)(uintptr_t)folder, NULL };
	struct process_spec spec = { .path = "rm", .argv = argv, .in = -1, .out = -1, .err = STDERR_FILENO };
	struct removal *r = xmalloc(sizeof(*r));

	r->child = child_start(loop, &spec, removed, r, NULL);
	if (r->child == NULL)
		free(r);
}

/* ---- builds that are given back */

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct one *o = arg;
	struct left *l = o->left;

	(void)result;
	if (e->code != ERROR_NONE)
		left_remove(l->loop, o->folder);
	if (--l->open == 0)
		l->done(l->arg);
}

static void
release(struct client *store, struct one *o)
{
	static const struct client_wish insist = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };
	AUTO_BYTES params = { 0 };

	claim_params(&params, &o->claim);
	emit_text(&params, "reason", "the agent was started again");
	bytes_char(&params, '}');
	client_call(store, "build/release", (struct span){ params.data, params.len }, &insist, answered, o);
}

/* A checkout that the agent of then has left at work there, or stopped: whoever comes next would wait for
 * it. git takes its lock files away at TERM. */
static void
end_checkout(const char *folder)
{
	AUTO_FREE char *lock = xformat("%s/src.lock", folder);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, lock);

	if (fd < 0)
		return;
	holders_signal(fd, SIGTERM);
	holders_signal(fd, SIGCONT);
}

static void
add(struct left *l, const char *folder)
{
	struct claim claim;

	end_checkout(folder);
	if (claim_load(&claim, folder, NULL) < 0)
		return;
	l->all = xrealloc(l->all, l->n + 1, sizeof(*l->all));
	l->all[l->n++] = (struct one){ .left = l, .folder = xstrdup(folder), .claim = claim };
}

/* Builds are so many folders deep. */
static void
find(struct left *l, const char *folder, int levels)
{
	DIR *dir = levels == 0 ? NULL : opendir(folder);
	const struct dirent *entry;

	if (levels == 0)
		add(l, folder);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		AUTO_FREE char *below = xformat("%s/%s", folder, entry->d_name);

		if (entry->d_name[0] != '.')
			find(l, below, levels - 1);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
none(void *arg)
{
	struct left *l = arg;

	l->none = NULL;
	l->done(l->arg);
}

struct left *
left_release(struct loop *loop, struct client *store, const char *folder, void (*done)(void *arg), void *arg)
{
	struct left *l = xmalloc(sizeof(*l));

	*l = (struct left){ .loop = loop, .done = done, .arg = arg };
	find(l, folder, 3);
	l->open = l->n;
	for (size_t i = 0; i < l->n; i++)
		release(store, &l->all[i]);
	if (l->n == 0)
		l->none = loop_after(loop, 0, none, l);
	return l;
}

void
left_free(struct left *l)
{
	if (l == NULL)
		return;
	loop_cancel(l->loop, l->none);
	for (size_t i = 0; i < l->n; i++) {
		claim_free(&l->all[i].claim);
		free(l->all[i].folder);
	}
	free(l->all);
	free(l);
}
