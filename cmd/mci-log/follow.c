#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"
#include "memory.h"
#include "view.h"
#include "show.h"
#include "watcher.h"

/* A build as it is followed. */
struct followed {
	struct follow *follow;
	struct build *build;
	size_t seen;                 /* sources that are in live or done */
	char *logs_path;             /* of which logs is */
	struct watch *folder, *logs; /* once there is something to wait for; logs: when they are there */
	int pidfd;                   /* of its mci-build, readable when that has ended; or -1 */
};

struct follow {
	struct show *show;
	struct view view;
	bool raw;             /* one job, byte for byte */
	struct followed *builds;
	struct source **live; /* not done, in the order in which they started */
	size_t nlive, size;
	struct loop *loop;
	struct watcher *watcher;
	struct loop_timer *settle;
	struct error *e;
	int result;           /* -1 when it ended with an error */
};

static void
limited(void *arg, const struct error *why)
{
	const struct follow *f = arg;

	output_note(f->view.out, "%s", why->text);
}

/* What is left of a job's logs, the first attempt first. */
static int
show_rest(struct follow *f, const struct build *b, const struct fold_job *j)
{
	AUTO_FREE struct source **rest = NULL;
	size_t n = 0, at;

	for (struct source *s = build_latest(b, j); s != NULL; s = s->before)
		n++;
	at = n;
	rest = xmalloc((n + 1) * sizeof(*rest));
	for (struct source *s = build_latest(b, j); s != NULL; s = s->before)
		rest[--at] = s;
	return view_show(&f->view, rest, n, f->e);
}

/* --states. What a job printed comes before its end, and before that whatever starts because of it. */
static void
job_told(void *arg, const struct message *m, const struct fold_job *j)
{
	struct followed *r = arg;
	struct follow *f = r->follow;

	if (f->result == 0 && (span_is(m->type, "job/end") || span_is(m->type, "job/queued")))
		f->result = show_rest(f, r->build, j);
	if (f->result == 0)
		f->result = output_job(f->view.out, &r->build->fold, j, m, f->e);
}

/* Its mci-build ended: what it wrote last is there. */
static void
builder_ended(void *arg, uint32_t events)
{
	struct followed *r = arg;

	(void)events;
	loop_forget(r->follow->loop, r->pidfd);
	close(r->pidfd);
	r->pidfd = -1;
	r->build->dirty = true;
}

static void
settled(void *arg)
{
	struct follow *f = arg;

	f->settle = NULL;
	for (size_t i = 0; i < f->show->builds.n; i++)
		f->builds[i].build->dirty = true;
}

/* An mci-build that was killed writes no build/end: the end of its process stands for it. */
static void
check_alive(struct follow *f, struct followed *r)
{
	if (r->build->ended || r->pidfd >= 0 || r->build->server != NULL)
		return;
	r->pidfd = build_watch(r->build);
	if (r->pidfd >= 0)
		(void)loop_watch(f->loop, r->pidfd, EPOLLIN, builder_ended, r, NULL);
	if (build_abandoned(r->build))
		output_note(f->view.out, "%s has no end: its mci-build is gone", r->build->folder.name);
	/* its process is gone; what it started holds the lock a moment more, and nothing tells when */
	else if (r->pidfd < 0 && r->build->events >= 0 && f->settle == NULL)
		f->settle = loop_after(f->loop, STORED_SETTLE, settled, f);
}

static int
read_events(struct follow *f, struct error *e)
{
	for (size_t i = 0; i < f->show->builds.n; i++) {
		struct followed *r = &f->builds[i];
		struct build *b = r->build;
		struct stat st;

		if (!b->dirty)
			continue;
		if (build_read(b, e) < 0)
			return -1;
		/* the folder itself lives as long as we hold it open */
		if (b->events >= 0 && fstat(b->events, &st) == 0 && st.st_nlink == 0)
			return error_set(e, ERROR_NOT_FOUND, "%s was removed", b->folder.path);
		check_alive(f, r);
		/* of a job that was tried before, only the present attempt and what follows */
		if (r->seen == 0 && f->raw && f->nlive == 0 && b->n > 1)
			r->seen = b->n - 1;
		while (r->seen < b->n) {
			if (f->nlive == f->size) {
				f->size = f->size == 0 ? 16 : f->size * 2;
				f->live = xrealloc(f->live, f->size, sizeof(*f->live));
			}
			f->live[f->nlive++] = b->sources[r->seen++];
		}
	}
	return 0;
}

/* Byte for byte, one attempt after the other. */
static int
show_raw(struct follow *f, struct error *e)
{
	for (size_t i = 0; i < f->nlive; i++) {
		struct source *s = f->live[i];
		int there = s->dirty ? view_open(&f->view, s, e) : s->open;

		if (there < 0 || (there == 1 && output_copy(f->view.out, s, e) < 0))
			return -1;
		if (!s->ended)
			break;
		view_finish(&f->view, s);
	}
	return 0;
}

static int
show_live(struct follow *f, struct error *e)
{
	size_t kept = 0;

	if ((f->raw ? show_raw(f, e) : view_show(&f->view, f->live, f->nlive, e)) < 0 ||
	    output_flush(f->view.out, e) < 0)
		return -1;
	for (size_t i = 0; i < f->nlive; i++) {
		if (!f->live[i]->done)
			f->live[kept++] = f->live[i];
	}
	f->nlive = kept;
	return 0;
}

/* Everything may have changed. */
static void
all_dirty(struct follow *f)
{
	for (size_t i = 0; i < f->show->builds.n; i++)
		f->builds[i].build->dirty = true;
	for (size_t i = 0; i < f->nlive; i++)
		f->live[i]->dirty = true;
}

/* A file of the build changed, in its folder or its logs. */
static void
changed(struct followed *r, bool in_logs, const char *name)
{
	struct follow *f = r->follow;

	if (name == NULL)
		all_dirty(f);
	if (r->build->events < 0 && f->settle == NULL)
		f->settle = loop_after(f->loop, STORED_SETTLE, settled, f);
	if (r->build->events < 0 || (!in_logs && name != NULL && strcmp(name, "events.ndjson") == 0))
		r->build->dirty = true;
	for (size_t i = 0; i < f->nlive && name != NULL; i++) {
		struct source *s = f->live[i];
		size_t n = strlen(s->stem);

		if ((s->job != NULL) == in_logs && strncmp(s->stem, name, n) == 0 &&
		    strcmp(name + n, ".log") == 0)
			s->dirty = true;
	}
}

static void
log_changed(void *arg, const char *name)
{
	changed(arg, true, name);
}

/* Its folder of logs may come later than the build, and with bytes in it. */
static void
watch_logs(struct followed *r)
{
	AUTO_FREE char *logs = folders_path(&r->build->folders, r->build->folder.path, r->build->run);

	if (r->logs != NULL && strcmp(r->logs_path, logs) != 0) {
		watch_remove(r->logs);
		r->logs = NULL;
	}
	free(r->logs_path);
	r->logs_path = xstrdup(logs);
	if (r->logs == NULL && (r->logs = watch_add(r->follow->watcher, logs, log_changed, r, NULL)) != NULL)
		all_dirty(r->follow);
}

static void
folder_changed(void *arg, const char *name)
{
	struct followed *r = arg;

	watch_logs(r);
	changed(r, false, name);
}

/* Shows what is there now; false when that is all, or it failed. */
static bool
turn(struct follow *f)
{
	if (read_events(f, f->e) < 0 || f->result < 0 || show_live(f, f->e) < 0) {
		f->result = -1;
		return false;
	}
	/* what starts from now on is shown whole */
	f->view.range = NULL;
	for (size_t i = 0; i < f->show->builds.n; i++) {
		if (!build_done(f->builds[i].build))
			return true;
	}
	return f->nlive > 0;
}

static void
next_turn(void *arg)
{
	struct follow *f = arg;

	if (!turn(f))
		loop_stop(f->loop, 0);
}

static int
follow(struct follow *f, struct error *e)
{
	if (!turn(f))
		return f->result;
	for (size_t i = 0; i < f->show->builds.n; i++) {
		struct followed *r = &f->builds[i];

		/* a server says what comes */
		if (r->build->server != NULL)
			continue;
		r->folder = watch_add(f->watcher, r->build->folder.path, folder_changed, r, e);
		if (r->folder == NULL)
			return -1;
		watch_logs(r);
	}
	/* what was there was shown; what came meanwhile is looked for again */
	all_dirty(f);
	f->settle = loop_after(f->loop, 0, settled, f);
	output_watch(f->loop);
	loop_on_idle(f->loop, next_turn, f);
	return loop_run(f->loop, e) < 0 ? -1 : f->result;
}

static int
start(struct follow *f, struct error *e)
{
	struct builds *all = &f->show->builds;

	f->loop = loop_new(e);
	if (f->loop == NULL)
		return -1;
	f->watcher = watcher_new(f->loop, limited, f);
	for (size_t i = 0; i < all->n; i++) {
		struct build *b = &all->all[i];

		f->builds[i].follow = f;
		b->loop = f->loop;
		b->told = f->show->states ? job_told : NULL;
		b->arg = &f->builds[i];
		/* only the events tell what still comes */
		if (!build_tells(b) && !b->locks)
			return error_set(e, ERROR_REFUSED,
			    "%s has no events.ndjson: a server's log is followed at the server",
			    b->folder.path);
	}
	return 0;
}

static void
stop(struct follow *f)
{
	for (size_t i = 0; i < f->show->builds.n; i++) {
		if (f->builds[i].pidfd >= 0)
			close(f->builds[i].pidfd);
		free(f->builds[i].logs_path);
		build_stop(f->builds[i].build);
	}
	watcher_free(f->watcher);
	loop_free(f->loop);
	free(f->builds);
	free(f->live);
}

int
show_follow(struct show *s, struct error *e)
{
	struct follow f = { .show = s, .view = { .out = &s->out, .range = &s->range }, .e = e };
	int result;

	f.builds = xmalloc(s->builds.n * sizeof(*f.builds));
	for (size_t i = 0; i < s->builds.n; i++)
		f.builds[i] = (struct followed){ .build = &s->builds.all[i], .pidfd = -1 };
	/* mci-build, whose view this is, gives it a group of its own; `stty tostop` is not meant for it */
	if (s->states)
		signal(SIGTTOU, SIG_IGN);
	f.raw = s->builds.n == 1 && s->builds.all[0].only != NULL && !s->merge && !s->out.time &&
	    !s->out.json;
	s->out.prefix = s->builds.n > 1 || s->builds.all[0].only == NULL || s->merge;
	result = start(&f, e);
	if (result == 0)
		result = follow(&f, e);
	for (size_t i = 0; s->states && i < s->builds.n && result == 0; i++) {
		if (s->builds.all[i].fold.ended != 0)
			result = output_build(&s->out, &s->builds.all[i].fold, e);
	}
	if (result == 0)
		result = output_end(&s->out, e);
	for (size_t i = 0; i < s->builds.n && result == 0; i++) {
		if (s->builds.all[i].only != NULL && s->builds.all[i].n == 0)
			result = build_nothing(&s->builds.all[i], e);
	}
	stop(&f);
	return result;
}
