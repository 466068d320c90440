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
#include "scan.h"

struct journal_feed {
	struct journal *journal;
	struct pump pump;
	int64_t at;   /* the first byte that it was not given */
	bool finishing, awaited, record;
	int64_t mark; /* -1: none */
	void (*passed)(void *arg);
	void (*gone)(void *arg, int sys);
	void *arg;
};

int
journal_open(struct journal *j, struct loop *loop, struct mask *mask, const char *path,
    const struct identity *of, struct error *e)
{
	*j = (struct journal){ .loop = loop, .mask = mask };
	bytes_text(&j->front, ",\"build\":");
	emit_string(&j->front, of->name, strlen(of->name));
	bytes_format(&j->front, ",\"run\":%d", of->run);
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
	j->begun = j->pending.len;
	return &j->pending;
}

static bool
is_found_by(struct span key)
{
	static const char *const names[] = { "job", "folder", "logs", "log", "dir" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_is(key, names[i]))
			return true;
	}
	return false;
}

/* The members that the event that is open was given. */
static void
members_mask(struct journal *j)
{
	struct span all = { j->pending.data + j->begun, j->pending.len - j->begun };
	AUTO_BYTES plain = { 0 };
	struct scan_member m;
	struct scan s;

	if (mask_empty(j->mask) || all.n == 0 || !mask_finds(j->mask, all.p, all.n))
		return;
	bytes_char(&plain, '{');
	bytes_add(&plain, all.p + 1, all.n - 1);
	bytes_char(&plain, '}');
	j->pending.len = j->begun;
	for (int got = scan_open(&s, plain.data, plain.len, NULL); got >= 0 && scan_next(&s, &m, NULL) > 0;) {
		AUTO_BYTES value = { 0 };

		if (is_found_by(m.key))
			bytes_add(&value, m.value.raw.p, m.value.raw.n);
		else
			mask_json(j->mask, &value, m.value.raw.p, m.value.raw.n);
		bytes_format(&j->pending, ",\"%.*s\":", (int)m.key.n, m.key.p);
		bytes_add(&j->pending, value.data, value.len);
	}
}

void
journal_end(struct journal *j)
{
	members_mask(j);
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
	if (!j->failed && !j->kept_elsewhere && appendlog_sync(&j->log, &j->error) < 0)
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
	if (j->sync == NULL && !j->kept_elsewhere && j->log.synced < j->log.size)
		j->sync = loop_after(j->loop, SECOND, sync_due, j);
	pump_list_serve(&j->feeds);
	return 0;
}

static enum pump_step
feed_step(void *arg)
{
	struct journal_feed *f = arg;
	const struct appendlog *log = &f->journal->log;

	if (f->at >= log->size)
		return f->finishing ? PUMP_ENDS : PUMP_WAITS;
	f->at += (int64_t)pump_file(&f->pump, log->fd, f->at, (size_t)(log->size - f->at));
	return PUMP_WENT;
}

static void
feed_served(void *arg)
{
	struct journal_feed *f = arg;
	void (*passed)(void *arg) = f->passed;

	if (f->mark < 0 || f->at < f->mark)
		return;
	f->mark = -1;
	passed(f->arg);
}

static void
feed_over(void *arg, enum pump_end end, int sys)
{
	struct journal_feed *f = arg;
	void (*gone)(void *arg, int sys) = f->gone;
	void *of = f->arg;

	journal_feed_close(f);
	if (end != PUMP_ENDED && gone != NULL)
		gone(of, sys);
}

static const struct pump_source feed_source = { .step = feed_step, .served = feed_served, .over = feed_over };

struct journal_feed *
journal_feed(struct journal *j, int to, unsigned flags, int64_t at, void (*gone)(void *arg, int sys),
    void *arg, struct error *e)
{
	struct journal_feed *f = xmalloc(sizeof(*f));

	*f = (struct journal_feed){ .journal = j, .at = at, .mark = -1, .gone = gone, .arg = arg };
	if (pump_open(&f->pump, j->loop, to, flags, &feed_source, f, e) < 0) {
		free(f);
		return NULL;
	}
	pump_list_add(&j->feeds, &f->pump);
	return f;
}

void
journal_feed_mark(struct journal_feed *f, int64_t offset, void (*passed)(void *arg))
{
	f->mark = offset;
	f->passed = passed;
	feed_served(f);
}

bool
journal_feed_read(const struct journal_feed *f)
{
	int unread = 0;

	return ioctl(f->pump.to, FIONREAD, &unread) == 0 && unread == 0;
}

void
journal_feed_close(struct journal_feed *f)
{
	pump_close(&f->pump);
	free(f);
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
	for (const struct pump *p = j->feeds.all; p != NULL; p = p->next) {
		const struct journal_feed *f = p->arg;

		if (f->awaited)
			return true;
	}
	return false;
}

void
journal_feed_record(struct journal_feed *f)
{
	f->record = true;
}

void
journal_eof(struct journal *j)
{
	static const char eof[] = "{\"type\":\"eof\"}\n";

	for (struct pump *p = j->feeds.all; p != NULL; p = p->next) {
		const struct journal_feed *f = p->arg;

		if (f->record && f->at >= j->log.size)
			(void)pump_say(p, (struct span){ eof, sizeof(eof) - 1 });
	}
}

int
journal_close(struct journal *j, struct error *e)
{
	int result;

	loop_cancel(j->loop, j->sync);
	j->sync = NULL;
	while (j->feeds.all != NULL)
		journal_feed_close(j->feeds.all->arg);
	result = journal_sync(j, e);
	appendlog_close(&j->log);
	bytes_free(&j->pending);
	bytes_free(&j->front);
	return result;
}
