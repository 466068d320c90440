#include "watcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

/* One mask for all: a second watch on an inode replaces the first one's. */
#define MASK (IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE)
#define REMOVED (-1)
#define LOOKED_AT (-2)

struct watch {
	struct watcher *watcher;
	int number; /* of inotify: one for all who watch the file; REMOVED or LOOKED_AT */
	watch_changed *changed;
	void *arg;
	struct watch *next;
};

struct watcher {
	struct loop *loop;
	int fd; /* -1: there is no instance (yet) */
	struct watch *watches;
	struct loop_timer *look; /* while one is looked at */
	bool telling;            /* removed ones are freed later */
	watcher_limited *limited;
	void *arg;
	bool told;
};

static void
sweep(struct watcher *w)
{
	struct watch **at = &w->watches, *watch;

	while ((watch = *at) != NULL) {
		if (watch->number != REMOVED) {
			at = &watch->next;
			continue;
		}
		*at = watch->next;
		free(watch);
	}
}

static bool
meant(const struct watch *watch, int number, bool lost)
{
	return watch->number == number || (lost && watch->number >= 0);
}

/* Those of that number; when events were lost, all that the kernel tells of. */
static void
tell(struct watcher *w, int number, bool lost, const char *name)
{
	w->telling = true;
	for (struct watch *watch = w->watches; watch != NULL; watch = watch->next) {
		if (meant(watch, number, lost))
			watch->changed(watch->arg, name);
	}
	w->telling = false;
	sweep(w);
}

static void
ready(void *arg, uint32_t events)
{
	struct watcher *w = arg;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got = kernel.read(w->fd, buffer, sizeof(buffer));
	const struct inotify_event *event;

	(void)events;
	for (ssize_t at = 0; at < got; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(const void *)(buffer + at);
		tell(w, event->wd, (event->mask & IN_Q_OVERFLOW) != 0,
		    event->len > 0 ? event->name : NULL);
	}
}

static void look(void *arg);

/* As long as there is one to look at. */
static void
look_later(struct watcher *w)
{
	for (const struct watch *watch = w->watches; watch != NULL && w->look == NULL; watch = watch->next) {
		if (watch->number == LOOKED_AT)
			w->look = loop_after(w->loop, WATCHER_LOOK, look, w);
	}
}

static void
look(void *arg)
{
	struct watcher *w = arg;

	w->look = NULL;
	tell(w, LOOKED_AT, false, NULL);
	look_later(w);
}

struct watcher *
watcher_new(struct loop *loop, watcher_limited *limited, void *arg)
{
	struct watcher *w = xmalloc(sizeof(*w));

	*w = (struct watcher){ .loop = loop, .fd = -1, .limited = limited, .arg = arg };
	return w;
}

void
watcher_free(struct watcher *w)
{
	if (w == NULL)
		return;
	for (struct watch *watch = w->watches; watch != NULL; watch = watch->next)
		watch->number = REMOVED;
	sweep(w);
	loop_cancel(w->loop, w->look);
	if (w->fd >= 0) {
		loop_forget(w->loop, w->fd);
		close(w->fd);
	}
	free(w);
}

/* Tried again with each watch: others may have let theirs go. -1 and errno. */
static int
instance(struct watcher *w)
{
	if (w->fd >= 0)
		return w->fd;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd >= 0 && loop_watch(w->loop, w->fd, EPOLLIN, ready, w, NULL) < 0) {
		close(w->fd);
		w->fd = -1;
	}
	return w->fd;
}

static void
tell_limit(struct watcher *w, bool watches)
{
	struct error why;

	error_set(&why, ERROR_LIMIT,
	    "inotify: %s (see fs.inotify.%s): files are looked at every %d ms instead", strerror(errno),
	    watches ? "max_user_watches" : "max_user_instances", (int)(WATCHER_LOOK / MILLISECOND));
	if (!w->told && w->limited != NULL)
		w->limited(w->arg, &why);
	w->told = true;
}

/* The number of a watch; LOOKED_AT when there is none to be had; -1 and errno. */
static int
number_of(struct watcher *w, const char *path)
{
	int fd = instance(w), number = fd < 0 ? -1 : inotify_add_watch(fd, path, MASK);

	if (number >= 0)
		return number;
	if (fd >= 0 && errno != ENOSPC && errno != ENOMEM)
		return -1;
	tell_limit(w, fd >= 0);
	return access(path, F_OK) < 0 ? -1 : LOOKED_AT;
}

struct watch *
watch_add(struct watcher *w, const char *path, watch_changed *changed, void *arg, struct error *e)
{
	int number = number_of(w, path);
	struct watch *watch;

	if (number == -1) {
		error_sys(e, "watch %s", path);
		return NULL;
	}
	watch = xmalloc(sizeof(*watch));
	*watch = (struct watch){ w, number, changed, arg, w->watches };
	w->watches = watch;
	look_later(w);
	return watch;
}

void
watch_remove(struct watch *watch)
{
	struct watcher *w;
	int number;

	if (watch == NULL)
		return;
	w = watch->watcher;
	number = watch->number;
	watch->number = REMOVED;
	for (const struct watch *other = w->watches; other != NULL; other = other->next) {
		if (other->number == number)
			number = REMOVED;
	}
	/* a number is not given again while there is an event of it (inotify(7)) */
	if (number >= 0)
		inotify_rm_watch(w->fd, number);
	if (!w->telling)
		sweep(w);
}
