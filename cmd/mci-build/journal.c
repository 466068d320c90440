#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"

struct journal_feed {
	struct journal *journal;
	struct journal_feed *next;
	struct logfeed feed;
	bool own, watched, finishing, armed, awaited, closed;
	int64_t mark; /* -1: none */
	void (*passed)(void *arg);
	void (*gone)(void *arg, int sys);
	void *arg;
};

static void feed_serve(struct journal_feed *f);

int
journal_open(struct journal *j, struct loop *loop, const char *path, const char *build,
    struct error *e)
{
	*j = (struct journal){ .loop = loop };
	bytes_text(&j->front, ",\"build\":");
	emit_string(&j->front, build, strlen(build));
	bytes_text(&j->front, ",\"run\":1");
	return appendlog_open(&j->log, path, NULL, e);
}

static void
front_add(struct journal *j)
{
	bytes_text(&j->pending, "{\"seq\":");
	bytes_number(&j->pending, ++j->seq);
	bytes_add(&j->pending, j->front.data, j->front.len);
}

struct bytes *
journal_begin(struct journal *j, const char *type)
{
	size_t at;

	front_add(j);
	at = j->pending.len;
	emit_event(&j->pending, type);
	j->pending.data[at] = ','; /* emit_event opens an object; this one is open already */
	return &j->pending;
}

void
journal_end(struct journal *j)
{
	emit_line(&j->pending);
}

void
journal_forward(struct journal *j, const char *line, size_t n)
{
	const char *open = memchr(line, '{', n);
	size_t skip = open == NULL ? n : (size_t)(open - line) + 1;

	front_add(j);
	bytes_char(&j->pending, ',');
	bytes_add(&j->pending, line + skip, n - skip);
	bytes_char(&j->pending, '\n');
}

int64_t
journal_size(const struct journal *j)
{
	return j->log.size;
}

int
journal_sync(struct journal *j, struct error *e)
{
	if (!j->failed && appendlog_sync(&j->log, &j->error) < 0)
		j->failed = true;
	if (j->failed)
		*e = j->error;
	return j->failed ? -1 : 0;
}

/* At most a second late: a power cut may cost the last second of a build, a kill nothing. */
static void
sync_due(void *arg)
{
	struct journal *j = arg;
	struct error ignored;

	j->sync = NULL;
	journal_sync(j, &ignored); /* the next flush tells */
}

static void
feeds_sweep(struct journal *j)
{
	struct journal_feed **at = &j->feeds;

	while (*at != NULL) {
		struct journal_feed *f = *at;

		if (!f->closed) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		free(f);
	}
}

int
journal_store(struct journal *j, struct error *e)
{
	if (!j->failed && j->pending.len > 0 &&
	    appendlog_append(&j->log, j->pending.data, j->pending.len, &j->error) < 0)
		j->failed = true;
	j->pending.len = 0;
	if (j->failed && e != NULL)
		*e = j->error;
	return j->failed ? -1 : 0;
}

int
journal_flush(struct journal *j, struct error *e)
{
	if (journal_store(j, e) < 0)
		return -1;
	if (j->sync == NULL && j->log.synced < j->log.size)
		j->sync = loop_after(j->loop, SECOND, sync_due, j);
	j->serving = true;
	for (struct journal_feed *f = j->feeds; f != NULL; f = f->next) {
		if (f->closed)
			continue;
		if (!f->armed && f->feed.at < j->log.size)
			feed_serve(f);
		else if (f->finishing && f->feed.at >= j->log.size)
			journal_feed_close(f);
	}
	j->serving = false;
	feeds_sweep(j);
	return 0;
}

static void
feed_gone(struct journal_feed *f, int sys)
{
	void (*gone)(void *arg, int sys) = f->gone;
	void *arg = f->arg;

	journal_feed_close(f);
	if (gone != NULL)
		gone(arg, sys);
}

static void
feed_arm(struct journal_feed *f, bool wanted)
{
	if (f->watched && f->armed != wanted)
		loop_change(f->journal->loop, f->feed.to, wanted ? EPOLLOUT : 0);
	f->armed = wanted;
}

static void
feed_passed(struct journal_feed *f)
{
	void (*passed)(void *arg) = f->passed;

	if (f->mark < 0 || f->feed.at < f->mark)
		return;
	f->mark = -1;
	passed(f->arg);
}

static void
feed_serve(struct journal_feed *f)
{
	enum logfeed_result result = logfeed_pump(&f->feed, f->journal->log.size);

	if (result == LOGFEED_GONE) {
		feed_gone(f, errno);
		return;
	}
	feed_arm(f, result == LOGFEED_BLOCKED);
	if (result == LOGFEED_DONE && f->finishing)
		journal_feed_close(f);
	else
		feed_passed(f); /* which may close it: the last thing done with it */
}

/* EPOLLERR without EPOLLOUT wanted is how the other side's leaving is noticed while we are silent. */
static void
feed_ready(void *arg, uint32_t events)
{
	struct journal_feed *f = arg;

	if (events & (EPOLLERR | EPOLLHUP))
		feed_gone(f, 0);
	else
		feed_serve(f);
}

struct journal_feed *
journal_feed(struct journal *j, int to, bool own, int64_t at, void (*gone)(void *arg, int sys), void *arg,
    struct error *e)
{
	struct journal_feed *f = xmalloc(sizeof(*f));

	*f = (struct journal_feed){ .journal = j, .own = own, .mark = -1, .gone = gone, .arg = arg };
	if (logfeed_open(&f->feed, j->log.path, to, at, e) < 0) {
		free(f);
		return NULL;
	}
	/* a regular file is always ready and cannot be watched */
	f->watched = loop_watch(j->loop, to, 0, feed_ready, f, NULL) == 0;
	f->next = j->feeds;
	j->feeds = f;
	return f;
}

void
journal_feed_mark(struct journal_feed *f, int64_t offset, void (*passed)(void *arg))
{
	f->mark = offset;
	f->passed = passed;
	feed_passed(f);
}

bool
journal_feed_read(const struct journal_feed *f)
{
	int unread = 0;

	return ioctl(f->feed.to, FIONREAD, &unread) == 0 && unread == 0;
}

void
journal_feed_close(struct journal_feed *f)
{
	struct journal *j = f->journal;

	f->closed = true;
	if (f->watched)
		loop_forget(j->loop, f->feed.to);
	if (f->own)
		close(f->feed.to);
	logfeed_close(&f->feed);
	/* what called us may be walking over the feeds */
	if (!j->serving)
		feeds_sweep(j);
}

void
journal_feed_finish(struct journal_feed *f)
{
	f->finishing = true;
}

void
journal_feed_await(struct journal_feed *f)
{
	f->awaited = true;
}

bool
journal_feeds_open(const struct journal *j)
{
	for (const struct journal_feed *f = j->feeds; f != NULL; f = f->next) {
		if (f->awaited && !f->closed)
			return true;
	}
	return false;
}

bool
journal_feed_complete(const struct journal_feed *f)
{
	return f->feed.at >= f->journal->log.size;
}

int
journal_close(struct journal *j, struct error *e)
{
	int result;

	loop_cancel(j->loop, j->sync);
	j->sync = NULL;
	while (j->feeds != NULL)
		journal_feed_close(j->feeds);
	result = journal_sync(j, e);
	appendlog_close(&j->log);
	bytes_free(&j->pending);
	bytes_free(&j->front);
	return result;
}
