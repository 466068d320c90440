#include "logtail.h"

#include <sys/stat.h>

#include "logindex.h"

void
logtail_init(struct logtail *t, int log, int index, int64_t from, bool times)
{
	*t = (struct logtail){ .log = log, .index = index, .at = from, .size = -1, .times = times,
		.length = -1 };
}

static void
take_end(struct logtail *t, const struct logfile_record *r)
{
	t->ended = true;
	t->truncated = (r->flags & LOGFILE_TRUNCATED) != 0;
	t->length = (int64_t)r->offset;
}

/* Without times only the last record is of interest. */
static int
look_for_end(struct logtail *t, struct error *e)
{
	struct logfile_record last;
	off_t size;

	if (logindex_last(t->index, &last, &size) < 0)
		return error_sys(e, "read an index");
	if (last.stream == LOGFILE_END)
		take_end(t, &last);
	return 0;
}

static int
refill(struct logtail *t, struct error *e)
{
	ssize_t got = logindex_records(t->index, t->passed, t->ahead, LOGTAIL_RECORDS);

	if (got < 0)
		return error_sys(e, "read an index");
	t->first = 0;
	t->n = (size_t)got;
	t->passed += (uint64_t)got;
	return 0;
}

/* Passes the records up to the byte at `at`, so that the next one, if any is known, is behind it. */
static int
pass_records(struct logtail *t, struct error *e)
{
	for (;;) {
		const struct logfile_record *r = &t->ahead[t->first];

		if (t->first == t->n) {
			if (t->ended || refill(t, e) < 0)
				return t->ended ? 0 : -1;
			if (t->n == 0)
				return 0;
			continue;
		}
		if (r->stream == LOGFILE_END)
			take_end(t, r);
		else if ((int64_t)r->offset <= t->at)
			t->now = *r;
		else
			return 0;
		t->first++;
	}
}

static int64_t
limit_of(const struct logtail *t)
{
	struct stat st;

	if (t->size >= 0)
		return t->size;
	if (fstat(t->log, &st) < 0)
		return -1;
	/* what a writer stored behind the end that it told is not the log's */
	return t->ended && t->length < st.st_size ? t->length : st.st_size;
}

/* At the end of what is there, records of what is not there (any more) may stand in front of the end. */
static int
look_behind(struct logtail *t, struct error *e)
{
	struct logtail last = *t;

	if (look_for_end(&last, e) < 0)
		return -1;
	if (last.ended && t->at >= limit_of(&last))
		take_end(t, &(struct logfile_record){ .offset = (uint64_t)last.length,
		    .flags = last.truncated ? LOGFILE_TRUNCATED : 0 });
	return 0;
}

int
logtail_next(struct logtail *t, size_t max, struct logpiece *p, struct error *e)
{
	int64_t limit;

	/* the end first: behind it nothing is added, so that a size read later is the whole */
	if (!t->ended && (t->times ? pass_records(t, e) : look_for_end(t, e)) < 0)
		return -1;
	limit = limit_of(t);
	if (limit < 0)
		return error_sys(e, "read a log");
	if (t->at >= limit && !t->ended && t->times && look_behind(t, e) < 0)
		return -1;
	if (t->ended && limit < t->length) {
		t->truncated = true;
		t->length = limit;
	}
	if (t->at >= limit)
		return 0;
	if (t->times && pass_records(t, e) < 0)
		return -1;
	if (t->first < t->n && (int64_t)t->ahead[t->first].offset < limit)
		limit = (int64_t)t->ahead[t->first].offset;
	*p = (struct logpiece){ t->at, max, t->now.time, t->now.stream };
	if (limit - t->at < (int64_t)max)
		p->n = (size_t)(limit - t->at);
	t->at += (int64_t)p->n;
	return 1;
}
