#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

#define ROUND 64 /* events taken from the kernel at once */
#define SIGNALS 65

struct watch {
	loop_ready *ready; /* NULL: the slot is free */
	void *arg;
	uint32_t generation; /* an event of an older watch on the same number is dropped */
};

struct loop_timer {
	int64_t at;
	uint64_t order; /* equal deadlines fire in the order they were set */
	size_t place;
	loop_due *due;
	void *arg;
};

struct loop {
	int epoll;
	struct watch *watches; /* by descriptor */
	size_t nwatches;
	struct loop_timer **heap;
	size_t ntimers, heap_size;
	uint64_t timer_order;
	int signals; /* signalfd, -1 until the first loop_on_signal */
	sigset_t mask;
	struct {
		loop_signal *handler;
		void *arg;
	} on_signal[SIGNALS];
	loop_due *idle;
	void *idle_arg;
	bool stopped;
	int value;
};

struct loop *
loop_new(struct error *e)
{
	struct loop *l = xmalloc(sizeof(*l));

	l->signals = -1;
	sigemptyset(&l->mask);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		error_sys(e, "epoll_create");
		free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->ntimers; i++)
		free(l->heap[i]);
	free(l->heap);
	free(l->watches);
	if (l->signals >= 0)
		close(l->signals);
	close(l->epoll);
	free(l);
}

static struct watch *
watch_slot(struct loop *l, int fd)
{
	size_t need = (size_t)fd + 1;

	if (need > l->nwatches) {
		size_t n = l->nwatches == 0 ? 32 : l->nwatches;

		while (n < need)
			n *= 2;
		l->watches = xrealloc(l->watches, n, sizeof(*l->watches));
		memset(l->watches + l->nwatches, 0, (n - l->nwatches) * sizeof(*l->watches));
		l->nwatches = n;
	}
	return &l->watches[fd];
}

static struct epoll_event
event_for(const struct watch *w, int fd, uint32_t events)
{
	return (struct epoll_event){ .events = events,
		.data.u64 = (uint64_t)w->generation << 32 | (uint32_t)fd };
}

int
loop_watch(struct loop *l, int fd, uint32_t events, loop_ready *ready, void *arg, struct error *e)
{
	struct watch *w = watch_slot(l, fd);
	struct epoll_event event;

	w->generation++;
	event = event_for(w, fd, events);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_sys(e, "epoll_ctl: descriptor %d", fd);
	w->ready = ready;
	w->arg = arg;
	return 0;
}

void
loop_change(struct loop *l, int fd, uint32_t events)
{
	struct epoll_event event = event_for(watch_slot(l, fd), fd, events);

	epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &event);
}

void
loop_forget(struct loop *l, int fd)
{
	struct watch *w;

	if (fd < 0 || (size_t)fd >= l->nwatches || l->watches[fd].ready == NULL)
		return;
	w = &l->watches[fd];
	w->ready = NULL;
	w->generation++;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static bool
earlier(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
heap_put(struct loop *l, size_t place, struct loop_timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

static void
heap_up(struct loop *l, struct loop_timer *t)
{
	size_t at = t->place;

	while (at > 0 && earlier(t, l->heap[(at - 1) / 2])) {
		heap_put(l, at, l->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(l, at, t);
}

static void
heap_down(struct loop *l, struct loop_timer *t)
{
	size_t at = t->place;

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < l->ntimers && earlier(l->heap[child + 1], l->heap[child]))
			child++;
		if (child >= l->ntimers || !earlier(l->heap[child], t))
			break;
		heap_put(l, at, l->heap[child]);
		at = child;
	}
	heap_put(l, at, t);
}

struct loop_timer *
loop_at(struct loop *l, int64_t at, loop_due *due, void *arg)
{
	struct loop_timer *t = xmalloc(sizeof(*t));

	*t = (struct loop_timer){ .at = at, .order = l->timer_order++, .due = due, .arg = arg };
	if (l->ntimers == l->heap_size) {
		l->heap_size = l->heap_size == 0 ? 16 : l->heap_size * 2;
		l->heap = xrealloc(l->heap, l->heap_size, sizeof(struct loop_timer *));
	}
	t->place = l->ntimers++;
	heap_up(l, t);
	return t;
}

struct loop_timer *
loop_after(struct loop *l, int64_t ns, loop_due *due, void *arg)
{
	return loop_at(l, kernel.now() + ns, due, arg);
}

static void
timer_remove(struct loop *l, struct loop_timer *t)
{
	struct loop_timer *last = l->heap[--l->ntimers];

	if (last == t)
		return;
	heap_put(l, t->place, last);
	heap_up(l, last);
	heap_down(l, last);
}

void
loop_cancel(struct loop *l, struct loop_timer *t)
{
	if (t == NULL)
		return;
	timer_remove(l, t);
	free(t);
}

int64_t
loop_left(const struct loop_timer *t)
{
	return t->at - kernel.now();
}

void
loop_shift(struct loop *l, int64_t ns)
{
	/* the order among the timers stays, so the heap does */
	for (size_t i = 0; i < l->ntimers; i++)
		l->heap[i]->at += ns;
}

static void
signals_read(void *arg, uint32_t events)
{
	struct loop *l = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo < SIGNALS && l->on_signal[info.ssi_signo].handler != NULL)
			l->on_signal[info.ssi_signo].handler(l->on_signal[info.ssi_signo].arg, &info);
	}
}

int
loop_on_signal(struct loop *l, int signal, loop_signal *handler, void *arg, struct error *e)
{
	bool fresh = l->signals < 0;

	sigaddset(&l->mask, signal);
	l->on_signal[signal].handler = handler;
	l->on_signal[signal].arg = arg;
	sigprocmask(SIG_BLOCK, &l->mask, NULL);
	l->signals = signalfd(l->signals, &l->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signals < 0)
		return error_sys(e, "signalfd");
	return fresh ? loop_watch(l, l->signals, EPOLLIN, signals_read, l, e) : 0;
}

void
loop_on_idle(struct loop *l, loop_due *idle, void *arg)
{
	l->idle = idle;
	l->idle_arg = arg;
}

static void
timers_run(struct loop *l)
{
	int64_t now;

	if (l->ntimers == 0)
		return;
	now = kernel.now();
	while (l->ntimers > 0 && l->heap[0]->at <= now) {
		struct loop_timer *t = l->heap[0];

		timer_remove(l, t);
		t->due(t->arg);
		free(t);
	}
}

int
loop_round(struct loop *l, int64_t deadline, struct error *e)
{
	struct epoll_event events[ROUND];
	int n;

	if (l->ntimers > 0 && (deadline < 0 || l->heap[0]->at < deadline))
		deadline = l->heap[0]->at;
	n = kernel.wait(l->epoll, events, ROUND, deadline);
	if (n < 0)
		return error_sys(e, "epoll_wait");
	for (int i = 0; i < n; i++) {
		struct watch *w = &l->watches[(uint32_t)events[i].data.u64];

		if (w->ready != NULL && w->generation == events[i].data.u64 >> 32)
			w->ready(w->arg, events[i].events);
	}
	timers_run(l);
	if (l->idle != NULL)
		l->idle(l->idle_arg);
	return 0;
}

int
loop_run(struct loop *l, struct error *e)
{
	l->stopped = false;
	while (!l->stopped) {
		if (loop_round(l, -1, e) < 0)
			return -1;
	}
	return l->value;
}

void
loop_stop(struct loop *l, int value)
{
	l->stopped = true;
	l->value = value;
}
