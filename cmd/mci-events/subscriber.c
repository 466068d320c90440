#include "subscriber.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "kernel.h"
#include "memory.h"
#include "recover.h"
#include "thread.h"

/* Read at once to be filtered; grows for a line that is longer. */
#define CHUNK (256 * 1024)
/* Runs of wanted lines that go with one call. */
#define RUNS 64

/* How far the segment that it is in may be given. */
static int64_t
limit(const struct subscriber *s)
{
	const struct segment *g = s->position.segment;
	int64_t readable = segment_readable(g);

	return s->synced && g->synced < readable ? g->synced : readable;
}

/* Whether what comes next was taken on trust and has not been judged. */
static bool
doubtful(const struct subscriber *s)
{
	const struct segment *g = s->position.segment;

	return g->proven < g->doubtful && s->position.at >= g->proven;
}

void
subscriber_free(struct subscriber *s)
{
	pump_close(&s->pump);
	journal_leave(s->journal, &s->position);
	eventfilter_free(s->filter);
	free(s);
}

uint64_t
subscriber_offset(const struct subscriber *s)
{
	return segment_offset(s->position.segment, s->position.at);
}

/* Its place goes on by n bytes, of which some were for it. */
static void
advance(struct subscriber *s, int64_t n, size_t for_it)
{
	s->position.at += n;
	s->given += n;
	pump_spend(&s->pump, n - (int64_t)for_it);
}

/*
 * The runs of lines in p that are wanted. *end is how far p was looked at: whole lines, and what is
 * left of a line whose head has been given. Stops when the runs are full.
 */
static size_t
find_runs(struct subscriber *s, const char *p, size_t n, struct iovec *runs, const char **end)
{
	const char *at = p, *stop = p + n;
	bool inside = s->inside;
	size_t found = 0;

	while (at < stop) {
		const char *newline = memchr(at, '\n', (size_t)(stop - at));
		struct iovec *last = found == 0 ? NULL : &runs[found - 1];
		size_t length;

		if (newline == NULL)
			break;
		length = (size_t)(newline - at) + 1;
		if (inside || eventfilter_match(s->filter, at, length - 1)) {
			if (last != NULL && (char *)last->iov_base + last->iov_len == at)
				last->iov_len += length;
			else if (found == RUNS)
				break;
			else
				runs[found++] = (struct iovec){ (void *)(uintptr_t)at, length };
		}
		inside = false;
		at = newline + 1;
	}
	*end = at;
	return found;
}

/* What is wanted of p, whose first byte is at the subscriber's place. */
static enum pump_step
give_wanted(struct subscriber *s, const char *p, size_t n)
{
	struct iovec runs[RUNS];
	const char *end;
	size_t found = find_runs(s, p, n, runs, &end);
	size_t given = found == 0 ? 0 : pump_runs(&s->pump, runs, found), left = given;

	if (found > 0 && given == 0)
		return PUMP_WENT;
	/* no whole line */
	if (end == p)
		return PUMP_FAILS;
	for (size_t i = 0; i < found; i++) {
		const char *from = runs[i].iov_base;

		if (left < runs[i].iov_len) {
			/* cut in a line, or before one: that line is wanted, and nothing before it
			 * is left */
			advance(s, from + left - p, given);
			s->inside = true;
			return PUMP_WENT;
		}
		left -= runs[i].iov_len;
	}
	s->inside = false;
	advance(s, end - p, given);
	return PUMP_WENT;
}

/* What is filtered; one for all subscribers of the thread. */
static _Thread_local char *buffer;
static _Thread_local size_t buffer_size;

static void
buffer_drop(void *unused)
{
	(void)unused;
	free(buffer);
	buffer_size = 0;
}

/* A piece of the segment for the filter; bytes read, 0 or -1. */
static ssize_t
read_piece(struct subscriber *s, size_t want)
{
	int64_t left = limit(s) - s->position.at;

	if (buffer_size == 0)
		thread_on_end(buffer_drop, NULL);
	if (want > buffer_size) {
		buffer = xrealloc(buffer, want, 1);
		buffer_size = want;
	}
	return kernel.pread(s->position.segment->data, buffer, (size_t)left < want ? (size_t)left : want,
	    s->position.at);
}

static enum pump_step
filter_step(struct subscriber *s)
{
	ssize_t got = read_piece(s, CHUNK);

	/* a line that is longer than the piece */
	if (got == CHUNK && memchr(buffer, '\n', CHUNK) == NULL)
		got = read_piece(s, SEGMENT_LINE);
	return got <= 0 ? PUMP_FAILS : give_wanted(s, buffer, (size_t)got);
}

static enum pump_step
file_step(struct subscriber *s)
{
	int64_t at = s->position.at;
	size_t given = pump_file(&s->pump, s->position.segment->data, at, (size_t)(limit(s) - at));

	advance(s, (int64_t)given, given);
	return PUMP_WENT;
}

static enum pump_step
tail_step(struct subscriber *s)
{
	size_t skip = (size_t)(s->position.at - s->tail->at), given;
	const char *p = s->tail->p + skip;

	if (s->filter != NULL)
		return give_wanted(s, p, s->tail->n - skip);
	given = pump_bytes(&s->pump, p, s->tail->n - skip);
	advance(s, (int64_t)given, given);
	return PUMP_WENT;
}

static enum pump_step
prove_step(struct subscriber *s)
{
	struct segment *g = s->position.segment;
	int64_t proven = g->proven;

	if (recover_prove(g, PUMP_TURN) < 0)
		return PUMP_FAILS;
	pump_spend(&s->pump, g->proven - proven);
	return PUMP_WENT;
}

static bool
in_tail(const struct subscriber *s)
{
	return s->position.segment == s->tail->segment && s->position.at >= s->tail->at && !s->synced;
}

enum pump_step
subscriber_step(void *subscriber)
{
	struct subscriber *s = subscriber;
	const struct segment *g = s->position.segment;

	if (s->position.at == g->size && g != s->journal->active)
		return journal_step(s->journal, &s->position, NULL) < 0 ? PUMP_FAILS : PUMP_WENT;
	if (doubtful(s))
		return prove_step(s);
	if (s->position.at >= limit(s))
		return PUMP_WAITS;
	if (in_tail(s))
		return tail_step(s);
	return s->filter != NULL ? filter_step(s) : file_step(s);
}
