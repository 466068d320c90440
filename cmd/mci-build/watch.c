#include "watch.h"

#include <fts.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "duration.h"
#include "git.h"
#include "kernel.h"
#include "loop.h"
#include "memory.h"
#include "process.h"

#define SETTLE (100 * MILLISECOND) /* editors write in several steps */
#define WATCHED (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

struct watch {
	struct loop *loop;
	const char *project;
	char *const *argv;
	int inotify;
	char **folders; /* by watch descriptor */
	size_t nfolders;
	pid_t child;    /* the build that runs, 0 none */
	bool again;     /* something changed: build once the child has ended */
	bool ending;
	int signal;
	struct loop_timer *settle;
};

static void
child_start(struct watch *w)
{
	AUTO_FREE char *self = process_kit("mci-build");
	struct process_spec spec = { .path = self, .argv = w->argv, .in = -1, .out = STDOUT_FILENO,
		.err = STDERR_FILENO };
	struct error e;

	w->again = false;
	if (process_spawn(&w->child, &spec, &e) < 0) {
		fprintf(stderr, "mci-build: %s\n", e.text);
		w->child = 0;
	}
}

static void
settled(void *arg)
{
	struct watch *w = arg;

	w->settle = NULL;
	w->again = true;
	if (w->child != 0)
		kill(w->child, SIGTERM);
	else
		child_start(w);
}

/* Whether git would not care either. Outside of git nothing is ignored. */
static bool
ignored(struct watch *w, const char *path)
{
	const char *const arguments[] = { "check-ignore", "-q", "--", path, NULL };
	AUTO_BYTES out = { 0 };

	return git_run(w->project, arguments, &out, NULL) == 0;
}

static void
folder_add(struct watch *w, const char *path)
{
	int wd = inotify_add_watch(w->inotify, path, WATCHED);

	if (wd < 0)
		return;
	if ((size_t)wd >= w->nfolders) {
		size_t n = (size_t)wd * 2 + 16;

		w->folders = xrealloc(w->folders, n, sizeof(char *));
		memset(w->folders + w->nfolders, 0, (n - w->nfolders) * sizeof(char *));
		w->nfolders = n;
	}
	free(w->folders[wd]);
	w->folders[wd] = xstrdup(path);
}

static void
tree_add(struct watch *w, const char *path)
{
	char *roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (tree != NULL && (entry = fts_read(tree)) != NULL) {
		if (entry->fts_info != FTS_D)
			continue;
		if (strcmp(entry->fts_name, ".git") == 0 ||
		    (entry->fts_level > 0 && ignored(w, entry->fts_path)))
			fts_set(tree, entry, FTS_SKIP);
		else
			folder_add(w, entry->fts_path);
	}
	if (tree != NULL)
		fts_close(tree);
}

static bool
matters(struct watch *w, const struct inotify_event *event)
{
	AUTO_FREE char *path = NULL;

	if (event->wd < 0 || (size_t)event->wd >= w->nfolders || w->folders[event->wd] == NULL ||
	    event->len == 0 || strcmp(event->name, ".git") == 0)
		return false;
	path = xformat("%s/%s", w->folders[event->wd], event->name);
	if (ignored(w, path))
		return false;
	if (event->mask & IN_ISDIR && event->mask & (IN_CREATE | IN_MOVED_TO))
		tree_add(w, path);
	return !(event->mask & IN_CREATE) || event->mask & IN_ISDIR;
}

static void
changed(void *arg, uint32_t events)
{
	struct watch *w = arg;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = kernel.read(w->inotify, buffer, sizeof(buffer));
	bool any = false;

	(void)events;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		any |= matters(w, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (!any || w->ending)
		return;
	loop_cancel(w->loop, w->settle);
	w->settle = loop_after(w->loop, SETTLE, settled, w);
}

static void
child_ended(void *arg, const struct signalfd_siginfo *info)
{
	struct watch *w = arg;
	pid_t pid;

	(void)info;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (pid != w->child)
			continue;
		w->child = 0;
		if (w->ending)
			loop_stop(w->loop, 128 + w->signal);
		else if (w->again)
			child_start(w);
	}
}

static void
interrupted(void *arg, const struct signalfd_siginfo *info)
{
	struct watch *w = arg;

	process_caught((int)info->ssi_signo);
	w->ending = true;
	w->signal = (int)info->ssi_signo;
	/* the terminal's ^C reached the child by itself; a second TERM does it no harm */
	if (w->child != 0)
		kill(w->child, SIGTERM);
	else
		loop_stop(w->loop, 128 + w->signal);
}

int
watch_run(const char *project, char *const *argv, struct error *e)
{
	struct watch w = { .project = project, .argv = argv };
	int result = EXIT_BUILD_ERROR;

	w.loop = loop_new(e);
	if (w.loop == NULL)
		return -1;
	w.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w.inotify < 0)
		return error_sys(e, "inotify");
	tree_add(&w, project);
	if (loop_watch(w.loop, w.inotify, EPOLLIN, changed, &w, e) < 0 ||
	    loop_on_signal(w.loop, SIGCHLD, child_ended, &w, e) < 0 ||
	    loop_on_signal(w.loop, SIGINT, interrupted, &w, e) < 0 ||
	    loop_on_signal(w.loop, SIGTERM, interrupted, &w, e) < 0 ||
	    loop_on_signal(w.loop, SIGHUP, interrupted, &w, e) < 0)
		return -1;
	child_start(&w);
	result = loop_run(w.loop, e);
	for (size_t i = 0; i < w.nfolders; i++)
		free(w.folders[i]);
	free(w.folders);
	close(w.inotify);
	loop_free(w.loop);
	return result;
}
