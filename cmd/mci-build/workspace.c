#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "checkout.h"
#include "copy.h"
#include "folder.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "names.h"
#include "removal.h"

/*
 * How many ended builds of a folder are kept, and how often the older ones are removed: at once, since
 * ext4 finds new inodes slowly for seconds after some were freed.
 */
#define KEEP 100
#define PRUNE_EVERY 25

void
workspace_init(struct workspace *w)
{
	*w = (struct workspace){ .folder.lock = -1 };
}

static int
logs_open(struct workspace *w, const char *log_dir, struct error *e)
{
	AUTO_BYTES path = { 0 };

	if (log_dir != NULL) {
		w->logs = realpath(log_dir, NULL);
		return w->logs == NULL ? error_sys(e, "--log-dir %s", log_dir) : 0;
	}
	bytes_format(&path, "%s/", w->folder.path);
	logfile_folder(&path, w->identity.run);
	w->logs = xstrdup(bytes_string(&path));
	return folder_make(w->logs, e);
}

int
workspace_open(struct workspace *w, const char *project, const char *log_dir, struct error *e)
{
	if (state_build_new(&w->folder, project, e) < 0)
		return -1;
	w->identity = IDENTITY_LOCAL(w->folder.name);
	return logs_open(w, log_dir, e);
}

/* Its lock: 1, 0 somebody has it, -1. */
static int
folder_lock_try(struct state_build *folder, struct error *e)
{
	if (folder->lock < 0)
		folder->lock = kernel.open(AT_FDCWD, folder->path, O_RDONLY | O_DIRECTORY, 0);
	if (folder->lock < 0)
		return error_sys(e, "%s", folder->path);
	if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK ? 0 : error_sys(e, "lock %s", folder->path);
}

int
workspace_take(struct workspace *w, const struct order *order, struct error *e)
{
	struct state_build *folder = &w->folder;
	int taken;

	if (folder->path == NULL) {
		folder->path = xstrdup(order->folder);
		folder->name = xstrdup(order->build);
		w->identity = (struct identity){ folder->name, (int)order->run, "server" };
		w->ordered = true;
		if (folder_make(folder->path, e) < 0)
			return -1;
	}
	taken = folder_lock_try(folder, e);
	return taken == 1 && logs_open(w, NULL, e) < 0 ? -1 : taken;
}

int
workspace_resume(struct workspace *w, const char *path, struct error *e)
{
	if (w->folder.path == NULL && state_build_find(&w->folder, path, NULL, e) < 0)
		return -1;
	return folder_lock_try(&w->folder, e);
}

int
workspace_go_on(struct workspace *w, int run, const char *log_dir, struct error *e)
{
	w->identity = IDENTITY_LOCAL(w->folder.name);
	w->identity.run = run;
	return logs_open(w, log_dir, e);
}

void
workspace_return(struct workspace *w, const char *dir)
{
	w->checkout = xformat("%s/work", w->folder.path);
	w->dir = xstrdup(dir);
}

void
workspace_enter(struct workspace *w, const char *project)
{
	w->dir = xstrdup(project);
}

int
workspace_check_out(struct workspace *w, const char *project, const char *rev,
    void (*note)(void *arg, const char *text), void *arg, struct error *e)
{
	w->checkout = xformat("%s/work", w->folder.path);
	/* one that was cut off while it was made */
	(void)names_remove_tree(w->checkout, NULL);
	return checkout_make(project, rev, w->checkout, &w->dir, note, arg, e);
}

int
workspace_copy(struct workspace *w, struct error *e)
{
	AUTO_FREE char *folder = xformat("%s/own", w->folder.path);

	if (w->own != NULL)
		return 0;
	/* of a run that was killed */
	(void)names_remove_tree(folder, NULL);
	w->own = xformat("%s/of", folder);
	return folder_make(folder, e) < 0 ? -1 : copy_make(w->dir, w->checkout, w->own, &w->own_inside, e);
}

/* Copies stand beside what they are copied from. */
static void
copies_remove(struct workspace *w)
{
	AUTO_FREE char *folder = xformat("%s/own", w->folder.path);

	if (w->folder.path != NULL)
		(void)names_remove_tree(folder, NULL);
	free(w->own);
	free(w->own_inside);
}

void
workspace_close(struct workspace *w)
{
	copies_remove(w);
	if (w->checkout != NULL)
		(void)names_remove_tree(w->checkout, NULL);
	if (w->folder.name != NULL && !w->ordered && w->folder.number % PRUNE_EVERY == 0) {
		AUTO_FREE char *repo = xmemdup(w->folder.name,
		    (size_t)(strrchr(w->folder.name, '/') - w->folder.name));
		removal_prune(repo, KEEP);
	}
	state_build_free(&w->folder);
	free(w->checkout);
	free(w->dir);
	free(w->logs);
	workspace_init(w);
}
