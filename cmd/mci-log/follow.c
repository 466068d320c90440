#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "merge.h"
#include "raw.h"
#include "show.h"

#define SETTLE 20 /* milliseconds */

/* A run as it is followed. */
struct followed {
	struct run *run;
	size_t seen;      /* sources that are in live or done */
	int folder, logs; /* inotify watches */
};

struct follow {
	struct show *show;
	struct view view;
	bool raw;             /* one job, byte for byte */
	bool settling;        /* a file was closed, and its lock may go a moment later (bare.h) */
	struct followed *runs;
	struct source **live; /* not done, in the order in which they started */
	size_t nlive, size;
	/* [0] the inotify descriptor, [1] standard output, then for each run the end of its
	 * mci-build */
	struct pollfd *polls;
};

static int
watch_run(struct follow *f, struct followed *r, struct error *e)
{
	AUTO_FREE char *logs = xformat("%s/logs", r->run->build.path);
	int fd = f->polls[0].fd;

	r->folder = inotify_add_watch(fd, r->run->build.path,
	    IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR);
	if (r->folder < 0)
		return error_sys(e, "watch %s", r->run->build.path);
	r->logs = inotify_add_watch(fd, logs, IN_MODIFY | IN_CLOSE_WRITE | IN_ONLYDIR);
	if (r->logs < 0 && errno != ENOENT)
		return error_sys(e, "watch %s", logs);
	return 0;
}

/* Only the events tell what still comes. */
static int
check_events(const struct show *show, struct error *e)
{
	for (size_t i = 0; i < show->runs.n; i++) {
		if (show->runs.all[i].events < 0 && !show->runs.all[i].bare)
			return error_set(e, ERROR_REFUSED,
			    "%s has no events.ndjson: a server's log is followed at the server",
			    show->runs.all[i].build.path);
	}
	return 0;
}

static int
start(struct follow *f, struct show *show, struct error *e)
{
	f->show = show;
	f->view = (struct view){ .out = &show->out, .range = &show->range };
	f->runs = xmalloc(show->runs.n * sizeof(*f->runs));
	f->polls = xmalloc((show->runs.n + 2) * sizeof(*f->polls));
	f->polls[0] = (struct pollfd){ inotify_init1(IN_CLOEXEC | IN_NONBLOCK), POLLIN, 0 };
	/* only that nobody reads any more is of interest, and that comes unasked */
	f->polls[1] = (struct pollfd){ STDOUT_FILENO, 0, 0 };
	for (size_t i = 0; i < show->runs.n; i++) {
		f->polls[i + 2] = (struct pollfd){ -1, POLLIN, 0 };
		f->runs[i].run = &show->runs.all[i];
	}
	if (f->polls[0].fd < 0)
		return error_sys(e, "inotify_init1");
	if (check_events(show, e) < 0)
		return -1;
	/* before anything is read, so that nothing falls between */
	for (size_t i = 0; i < show->runs.n; i++) {
		if (watch_run(f, &f->runs[i], e) < 0)
			return -1;
	}
	return 0;
}

static void
add_live(struct follow *f, struct source *s)
{
	if (f->nlive == f->size) {
		f->size = f->size == 0 ? 16 : f->size * 2;
		f->live = xrealloc(f->live, f->size, sizeof(*f->live));
	}
	f->live[f->nlive++] = s;
}

/* An mci-build that was killed writes no build/end: the end of its process stands for it. */
static void
check_alive(struct follow *f, struct followed *r, struct pollfd *p)
{
	if (r->run->ended || p->fd >= 0)
		return;
	p->fd = run_watch(r->run);
	if (run_abandoned(r->run))
		output_note(f->view.out, "%s has no end: its mci-build is gone", r->run->build.name);
}

static int
read_events(struct follow *f, struct error *e)
{
	for (size_t i = 0; i < f->show->runs.n; i++) {
		struct followed *r = &f->runs[i];

		if (!r->run->dirty)
			continue;
		if (run_read(r->run, e) < 0)
			return -1;
		check_alive(f, r, &f->polls[i + 2]);
		/* of a job that was tried before, only the present attempt and what follows */
		if (r->seen == 0 && f->raw && f->nlive == 0 && r->run->n > 1)
			r->seen = r->run->n - 1;
		while (r->seen < r->run->n)
			add_live(f, r->run->sources[r->seen++]);
	}
	return 0;
}

/* Byte for byte, one attempt after the other. */
static int
show_live_raw(struct follow *f, struct error *e)
{
	for (size_t i = 0; i < f->nlive; i++) {
		struct source *s = f->live[i];
		int there = s->dirty ? view_open(&f->view, s, e) : s->open;

		if (there < 0 || (there == 1 && raw_copy(f->view.out, s, e) < 0))
			return -1;
		if (!s->ended)
			break;
		view_finish(&f->view, s);
	}
	return output_flush(f->view.out, e);
}

static int
show_live_merged(struct follow *f, struct error *e)
{
	AUTO_FREE struct source **dirty = xmalloc((f->nlive + 1) * sizeof(*dirty));
	size_t n = 0;

	for (size_t i = 0; i < f->nlive; i++) {
		if (f->live[i]->dirty)
			dirty[n++] = f->live[i];
	}
	return merge_show(&f->view, dirty, n, e) < 0 ? -1 : output_flush(f->view.out, e);
}

static int
show_live(struct follow *f, struct error *e)
{
	size_t kept = 0;

	if ((f->raw ? show_live_raw(f, e) : show_live_merged(f, e)) < 0)
		return -1;
	for (size_t i = 0; i < f->nlive; i++) {
		if (!f->live[i]->done)
			f->live[kept++] = f->live[i];
	}
	f->nlive = kept;
	return 0;
}

static void
all_dirty(struct follow *f)
{
	for (size_t i = 0; i < f->show->runs.n; i++)
		f->runs[i].run->dirty = true;
	for (size_t i = 0; i < f->nlive; i++)
		f->live[i]->dirty = true;
}

/* A file of the run changed. */
static int
changed(struct follow *f, struct run *r, bool in_logs, const struct inotify_event *event,
    struct error *e)
{
	const char *name = event->name;

	if (r->bare) {
		r->dirty = true;
		f->settling = f->settling || (event->mask & IN_CLOSE_WRITE) != 0;
	}
	if (!in_logs && strcmp(name, "events.ndjson") == 0) {
		r->dirty = true;
		/* the folder itself lives as long as we hold it open */
		if (event->mask & IN_DELETE)
			return error_set(e, ERROR_NOT_FOUND, "%s was removed", r->build.path);
		return 0;
	}
	for (size_t i = 0; i < f->nlive; i++) {
		struct source *s = f->live[i];

		if ((s->job != NULL) == in_logs && strcmp(s->file, name) == 0)
			s->dirty = true;
	}
	return 0;
}

static int
take_change(struct follow *f, const struct inotify_event *event, struct error *e)
{
	if (event->mask & IN_Q_OVERFLOW)
		all_dirty(f);
	for (size_t i = 0; i < f->show->runs.n; i++) {
		struct followed *r = &f->runs[i];

		if (event->len > 0 && (event->wd == r->folder || event->wd == r->logs) &&
		    changed(f, r->run, event->wd == r->logs, event, e) < 0)
			return -1;
	}
	return 0;
}

static int
take_changes(struct follow *f, struct error *e)
{
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got = kernel.read(f->polls[0].fd, buffer, sizeof(buffer));
	const struct inotify_event *event;

	for (ssize_t at = 0; at < got; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(const void *)(buffer + at);
		if (take_change(f, event, e) < 0)
			return -1;
	}
	return 0;
}

static int
wait_for_change(struct follow *f, struct error *e)
{
	int ready = poll(f->polls, f->show->runs.n + 2, f->settling ? SETTLE : -1);

	if (ready < 0)
		return errno == EINTR ? 0 : error_sys(e, "poll");
	if (ready == 0) {
		f->settling = false;
		for (size_t i = 0; i < f->show->runs.n; i++)
			f->runs[i].run->dirty = true;
	}
	if (f->polls[1].revents != 0) {
		/* as a write to it would end us */
		raise(SIGPIPE);
		errno = EPIPE;
		return error_sys(e, "write standard output");
	}
	for (size_t i = 0; i < f->show->runs.n; i++) {
		struct pollfd *p = &f->polls[i + 2];

		if (p->revents == 0)
			continue;
		close(p->fd);
		p->fd = -1;
		f->runs[i].run->dirty = true;
	}
	return f->polls[0].revents == 0 ? 0 : take_changes(f, e);
}

static bool
finished(const struct follow *f)
{
	for (size_t i = 0; i < f->show->runs.n; i++) {
		if (!run_done(f->runs[i].run))
			return false;
	}
	return f->nlive == 0;
}

static int
follow(struct follow *f, struct error *e)
{
	for (;;) {
		if (read_events(f, e) < 0 || show_live(f, e) < 0)
			return -1;
		if (finished(f))
			return 0;
		/* what starts from now on is shown whole */
		f->view.range = NULL;
		if (wait_for_change(f, e) < 0)
			return -1;
	}
}

static void
stop(struct follow *f)
{
	for (size_t i = 0; i < f->show->runs.n + 2; i++) {
		if (i != 1 && f->polls[i].fd >= 0)
			close(f->polls[i].fd);
	}
	free(f->polls);
	free(f->runs);
	free(f->live);
}

int
show_follow(struct show *s, struct error *e)
{
	struct follow f = { 0 };
	int result = start(&f, s, e);

	f.raw = s->runs.n == 1 && s->runs.all[0].only != NULL && !s->merge && !s->out.time &&
	    !s->out.json;
	s->out.prefix = s->runs.n > 1 || s->runs.all[0].only == NULL || s->merge;
	if (result == 0)
		result = follow(&f, e);
	if (result == 0)
		result = output_end(&s->out, e);
	for (size_t i = 0; i < s->runs.n && result == 0; i++) {
		if (s->runs.all[i].only != NULL && s->runs.all[i].n == 0)
			result = run_nothing(&s->runs.all[i], e);
	}
	stop(&f);
	return result;
}
