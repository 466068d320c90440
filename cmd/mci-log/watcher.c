#include "watcher.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

struct watch {
	struct watcher *watcher;
	int number; /* of inotify: one for all who watch the file; -1: removed */
	watch_changed *changed;
	void *arg;
	struct watch *next;
};

struct watcher {
	struct loop *loop;
	int fd;
	struct watch *watches;
	bool telling; /* removed ones are freed later */
};

static void
sweep(struct watcher *w)
{
	struct watch **at = &w->watches, *watch;

	while ((watch = *at) != NULL) {
		if (watch->number >= 0) {
			at = &watch->next;
			continue;
		}
		*at = watch->next;
		free(watch);
	}
}

/* number -1: events were lost, so everything may have changed. */
static void
tell(struct watcher *w, int number)
{
	for (struct watch *watch = w->watches; watch != NULL; watch = watch->next) {
		if (watch->number >= 0 && (number < 0 || watch->number == number))
			watch->changed(watch->arg);
	}
}

static void
ready(void *arg, uint32_t events)
{
	struct watcher *w = arg;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got = kernel.read(w->fd, buffer, sizeof(buffer));
	const struct inotify_event *event;

	(void)events;
	w->telling = true;
	for (ssize_t at = 0; at < got; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(const void *)(buffer + at);
		tell(w, event->mask & IN_Q_OVERFLOW ? -1 : event->wd);
	}
	w->telling = false;
	sweep(w);
}

struct watcher *
watcher_new(struct loop *loop, struct error *e)
{
	struct watcher *w = xmalloc(sizeof(*w));

	w->loop = loop;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd >= 0 && loop_watch(loop, w->fd, EPOLLIN, ready, w, e) == 0)
		return w;
	if (w->fd < 0)
		error_sys(e, "inotify_init1");
	else
		close(w->fd);
	free(w);
	return NULL;
}

void
watcher_free(struct watcher *w)
{
	if (w == NULL)
		return;
	for (struct watch *watch = w->watches; watch != NULL; watch = watch->next)
		watch->number = -1;
	sweep(w);
	loop_forget(w->loop, w->fd);
	close(w->fd);
	free(w);
}

struct watch *
watch_add(struct watcher *w, const char *path, watch_changed *changed, void *arg, struct error *e)
{
	int number = inotify_add_watch(w->fd, path, IN_MODIFY | IN_CLOSE_WRITE);
	struct watch *watch;

	if (number < 0) {
		error_sys(e, "watch %s", path);
		return NULL;
	}
	watch = xmalloc(sizeof(*watch));
	*watch = (struct watch){ w, number, changed, arg, w->watches };
	w->watches = watch;
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
	watch->number = -1;
	for (const struct watch *other = w->watches; other != NULL; other = other->next) {
		if (other->number == number)
			number = -1;
	}
	/* a number is not given again while there is an event of it (inotify(7)) */
	if (number >= 0)
		inotify_rm_watch(w->fd, number);
	if (!w->telling)
		sweep(w);
}
