#include "watch.h"

#include <errno.h>
#include <fts.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "children.h"
#include "duration.h"
#include "ignores.h"
#include "kernel.h"
#include "loop.h"
#include "memory.h"
#include "process.h"

#define SETTLE (100 * MILLISECOND) /* editors write in several steps */
#define POLL (2 * SECOND)          /* between two looks where inotify's limits are reached */
#define WATCHED (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define ROW 3      /* builds in a row during which a file changed: the build writes it, it seems */
#define WRITTEN 64 /* such files that are known at once */

/* A file that changed while a build ran. */
struct written {
	char *path;
	unsigned build; /* the last during which it did */
	unsigned row;   /* builds in a row */
};

struct watch {
	struct loop *loop;
	const char *project;
	char *const *argv;
	struct ignores *ignores;
	int inotify;    /* -1: polled */
	char **folders; /* by watch descriptor */
	size_t nfolders;
	struct child *child; /* the build that runs, or NULL */
	unsigned builds;
	int64_t ended;  /* when the last one did */
	struct written written[WRITTEN];
	bool again;     /* something changed: build once the child has ended */
	bool ending;
	int signal;
	struct loop_timer *settle, *poll;
	uint32_t seen;  /* a sum of what the last poll saw, 0: none yet */
};

static void build_ended(void *arg, int status, const struct rusage *usage);

static void
build_start(struct watch *w)
{
	AUTO_FREE char *self = process_kit("mci-build");
	struct process_spec spec = { .path = self, .argv = w->argv, .in = -1, .out = STDOUT_FILENO,
		.err = STDERR_FILENO };
	struct error e;

	w->again = false;
	w->builds++;
	w->child = child_start(w->loop, &spec, build_ended, w, &e);
	if (w->child == NULL)
		fprintf(stderr, "mci-build: %s\n", e.text);
}

static void
build_ended(void *arg, int status, const struct rusage *usage)
{
	struct watch *w = arg;

	(void)status;
	(void)usage;
	child_free(w->child);
	w->child = NULL;
	w->ended = kernel.now();
	if (w->ending)
		loop_stop(w->loop, 128 + w->signal);
	else if (w->again)
		build_start(w);
}

static void
settled(void *arg)
{
	struct watch *w = arg;

	w->settle = NULL;
	w->again = true;
	if (w->child != NULL)
		child_signal(w->child, SIGTERM);
	else
		build_start(w);
}

/* Something that matters has changed. */
static void
changed(struct watch *w)
{
	if (w->ending)
		return;
	loop_cancel(w->loop, w->settle);
	w->settle = loop_after(w->loop, SETTLE, settled, w);
}

/*
 * Whether the build writes this file itself, which would start it again without end: it changed while a build
 * ran, and during those before. Told once. Whoever saves a file in between builds is heard at once.
 */
static bool
is_output(struct watch *w, const char *path)
{
	struct written *row = &w->written[0];

	if (w->child == NULL && kernel.now() - w->ended > SETTLE)
		return false;
	for (size_t i = 0; i < WRITTEN; i++) {
		if (w->written[i].path != NULL && strcmp(w->written[i].path, path) == 0) {
			row = &w->written[i];
			break;
		}
		if (w->written[i].build < row->build)
			row = &w->written[i];
	}
	if (row->path == NULL || strcmp(row->path, path) != 0) {
		free(row->path);
		*row = (struct written){ .path = xstrdup(path) };
	}
	if (row->build != w->builds) {
		row->row = row->build + 1 == w->builds ? row->row + 1 : 1;
		row->build = w->builds;
		if (row->row == ROW)
			fprintf(stderr, "mci-build: --watch: %s changed during each of %d builds: the build "
			    "writes it, it seems, and what changes while a build runs starts no other; have "
			    "git ignore it\n", path + strlen(w->project) + 1, ROW);
	}
	return row->row >= ROW;
}

static void poll_start(struct watch *w, const char *limit);

static void
folder_add(struct watch *w, const char *path)
{
	int wd = w->inotify < 0 ? -1 : inotify_add_watch(w->inotify, path, WATCHED);

	if (wd < 0) {
		if (w->inotify >= 0 && (errno == ENOSPC || errno == ENOMEM))
			poll_start(w, "max_user_watches");
		return;
	}
	if ((size_t)wd >= w->nfolders) {
		size_t n = (size_t)wd * 2 + 16;

		w->folders = xrealloc(w->folders, n, sizeof(char *));
		memset(w->folders + w->nfolders, 0, (n - w->nfolders) * sizeof(char *));
		w->nfolders = n;
	}
	free(w->folders[wd]);
	w->folders[wd] = xstrdup(path);
}

/* Goes through everything that matters below path, folders before what is in them. */
static void
walk(struct watch *w, const char *path, void (*visit)(struct watch *w, const FTSENT *entry), bool files)
{
	char *roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | (files ? 0 : FTS_NOSTAT), NULL);
	FTSENT *entry;

	while (tree != NULL && (entry = fts_read(tree)) != NULL) {
		bool folder = entry->fts_info == FTS_D;

		if (entry->fts_info == FTS_DP || (!folder && !files))
			continue;
		if (strcmp(entry->fts_name, ".git") == 0 ||
		    (entry->fts_level > 0 && ignores_has(w->ignores, entry->fts_path)))
			fts_set(tree, entry, FTS_SKIP);
		else
			visit(w, entry);
	}
	if (tree != NULL)
		fts_close(tree);
}

static void
visit_folder(struct watch *w, const FTSENT *entry)
{
	folder_add(w, entry->fts_path);
}

/* Names, sizes and times in one sum. */
static void
visit_all(struct watch *w, const FTSENT *entry)
{
	const struct stat *st = entry->fts_statp;
	const int64_t what[] = { (int64_t)st->st_ino, st->st_mode, entry->fts_info == FTS_D ? 0 : st->st_size,
		entry->fts_info == FTS_D ? 0 : st->st_mtim.tv_sec,
		entry->fts_info == FTS_D ? 0 : st->st_mtim.tv_nsec };

	w->seen = checksum_add(w->seen, entry->fts_path, entry->fts_pathlen);
	w->seen = checksum_add(w->seen, what, sizeof(what));
}

static void
poll_due(void *arg)
{
	struct watch *w = arg;
	uint32_t before = w->seen;

	w->seen = 1;
	walk(w, w->project, visit_all, true);
	w->poll = loop_after(w->loop, POLL, poll_due, w);
	if (before != 0 && before != w->seen && w->child == NULL)
		changed(w);
}

/* More than the kernel lets us watch. */
static void
poll_start(struct watch *w, const char *limit)
{
	fprintf(stderr, "mci-build: --watch: the limit fs.inotify.%s is reached: looking for changes every "
	    "%d s instead\n", limit, (int)(POLL / SECOND));
	if (w->inotify >= 0) {
		loop_forget(w->loop, w->inotify);
		close(w->inotify);
	}
	w->inotify = -1;
	w->poll = loop_after(w->loop, 0, poll_due, w);
}

/* A file is looked at when it was written; a link is whole when it is made. */
static bool
matters(struct watch *w, const struct inotify_event *event, const char *path)
{
	struct stat st;

	if (strcmp(event->name, ".git") == 0)
		return false;
	if (strcmp(event->name, ".gitignore") == 0)
		ignores_reread(w->ignores);
	if (ignores_has(w->ignores, path) || is_output(w, path))
		return false;
	if (event->mask & IN_ISDIR) {
		if (event->mask & (IN_CREATE | IN_MOVED_TO))
			walk(w, path, visit_folder, false);
		return true;
	}
	return !(event->mask & IN_CREATE) || (lstat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static bool
event_take(struct watch *w, const struct inotify_event *event)
{
	AUTO_FREE char *path = NULL;

	if (event->mask & IN_Q_OVERFLOW) {
		/* what was lost may have been anything, new folders too */
		walk(w, w->project, visit_folder, false);
		return true;
	}
	if (event->wd < 0 || (size_t)event->wd >= w->nfolders || w->folders[event->wd] == NULL)
		return false;
	if (event->mask & IN_IGNORED) {
		free(w->folders[event->wd]);
		w->folders[event->wd] = NULL;
		return false;
	}
	if (event->len == 0)
		return false;
	path = xformat("%s/%s", w->folders[event->wd], event->name);
	return matters(w, event, path);
}

static void
events_came(void *arg, uint32_t events)
{
	struct watch *w = arg;
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = kernel.read(w->inotify, buffer, sizeof(buffer));
	bool any = false;

	(void)events;
	for (ssize_t at = 0; at < n && w->inotify >= 0;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		any |= event_take(w, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (any)
		changed(w);
}

static void
interrupted(void *arg, const struct signalfd_siginfo *info)
{
	struct watch *w = arg;

	process_caught((int)info->ssi_signo);
	w->ending = true;
	w->signal = (int)info->ssi_signo;
	/* the terminal's ^C reached the child by itself; a second TERM does it no harm */
	if (w->child != NULL)
		child_signal(w->child, SIGTERM);
	else
		loop_stop(w->loop, 128 + w->signal);
}

int
watch_run(const char *project, char *const *argv, struct error *e)
{
	struct watch w = { .project = project, .argv = argv };
	int result;

	w.loop = loop_new(e);
	if (w.loop == NULL)
		return -1;
	/* git may go while it is asked */
	signal(SIGPIPE, SIG_IGN);
	w.ignores = ignores_new(project);
	w.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w.inotify < 0)
		poll_start(&w, "max_user_instances");
	else if (loop_watch(w.loop, w.inotify, EPOLLIN, events_came, &w, e) < 0)
		return -1;
	walk(&w, project, visit_folder, false);
	if (loop_on_signal(w.loop, SIGINT, interrupted, &w, e) < 0 ||
	    loop_on_signal(w.loop, SIGTERM, interrupted, &w, e) < 0 ||
	    loop_on_signal(w.loop, SIGHUP, interrupted, &w, e) < 0)
		return -1;
	build_start(&w);
	result = loop_run(w.loop, e);
	for (size_t i = 0; i < w.nfolders; i++)
		free(w.folders[i]);
	free(w.folders);
	for (size_t i = 0; i < WRITTEN; i++)
		free(w.written[i].path);
	if (w.inotify >= 0)
		close(w.inotify);
	ignores_free(w.ignores);
	loop_free(w.loop);
	return result;
}
