#include "subscriber.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "kernel.h"
#include "memory.h"
#include "recover.h"
#include "thread.h"

/* Given in one call, before others get their turn: about half a millisecond. */
#define TURN (1024 * 1024)
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

bool
subscriber_behind(const struct subscriber *s)
{
	const struct position *p = &s->position;

	return p->at < limit(s) || doubtful(s) ||
	    (p->segment != s->journal->active && p->at == p->segment->size);
}

void
subscriber_free(struct subscriber *s)
{
	journal_leave(s->journal, &s->position);
	filter_free(s->filter);
	free(s);
}

uint64_t
subscriber_offset(const struct subscriber *s)
{
	return segment_offset(s->position.segment, s->position.at);
}

/* After a send that failed. */
static void
stopped(struct subscriber *s)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		s->blocked = true;
	else
		s->lost = true;
}

static ssize_t
send_runs(const struct subscriber *s, struct iovec *runs, size_t n)
{
	struct msghdr m = { .msg_iov = runs, .msg_iovlen = n };

	return s->socket ? sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL)
	                 : kernel.writev(s->fd, runs, (int)n);
}

int
subscriber_say(struct subscriber *s, struct span line)
{
	struct iovec run = { (void *)(uintptr_t)line.p, line.n };

	return send_runs(s, &run, 1) == (ssize_t)line.n ? 0 : -1;
}

/* Everything, from memory. Bytes given, 0 when it takes no more for now. */
static size_t
give_all(struct subscriber *s, const char *p, size_t n)
{
	struct iovec run = { (void *)(uintptr_t)p, n };
	ssize_t done = send_runs(s, &run, 1);

	if (done < 0) {
		stopped(s);
		return 0;
	}
	s->position.at += done;
	return (size_t)done;
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
		if (inside || filter_match(s->filter, at, length - 1)) {
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

/* What is wanted of p, whose first byte is at the subscriber's place. False when it takes no more,
 * or p holds no whole line. */
static bool
give_wanted(struct subscriber *s, const char *p, size_t n)
{
	struct iovec runs[RUNS];
	const char *end;
	size_t found = find_runs(s, p, n, runs, &end);
	ssize_t done = found == 0 ? 0 : send_runs(s, runs, found);

	if (done < 0) {
		stopped(s);
		return false;
	}
	for (size_t i = 0; i < found; i++) {
		const char *from = runs[i].iov_base;

		if ((size_t)done < runs[i].iov_len) {
			/* cut in a line, or before one: that line is wanted, and nothing before it
			 * is left */
			s->position.at += from + done - p;
			s->inside = true;
			s->blocked = true;
			return false;
		}
		done -= (ssize_t)runs[i].iov_len;
	}
	s->inside = false;
	s->position.at += end - p;
	return end > p;
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

static bool
filter_step(struct subscriber *s)
{
	ssize_t got = read_piece(s, CHUNK);

	/* a line that is longer than the piece */
	if (got == CHUNK && memchr(buffer, '\n', CHUNK) == NULL)
		got = read_piece(s, SEGMENT_LINE);
	if (got <= 0) {
		s->lost = true;
		return false;
	}
	return give_wanted(s, buffer, (size_t)got);
}

/* The file's own pages go into the socket. */
static bool
file_step(struct subscriber *s)
{
	off_t at = s->position.at;
	int64_t left = limit(s) - at;
	ssize_t done = sendfile(s->fd, s->position.segment->data, &at,
	    left < TURN ? (size_t)left : TURN);

	if (done < 0) {
		stopped(s);
		return false;
	}
	/* a file that is shorter than it was */
	if (done == 0)
		s->lost = true;
	s->position.at = at;
	return done > 0;
}

static bool
tail_step(struct subscriber *s, const struct tail *tail)
{
	size_t skip = (size_t)(s->position.at - tail->at);
	const char *p = tail->p + skip;

	if (s->filter != NULL)
		return give_wanted(s, p, tail->n - skip);
	return give_all(s, p, tail->n - skip) > 0;
}

static bool
in_tail(const struct subscriber *s, const struct tail *tail)
{
	return tail != NULL && !s->synced && s->position.segment == tail->segment &&
	    s->position.at >= tail->at;
}

static bool
step(struct subscriber *s, const struct tail *tail)
{
	if (s->position.at == s->position.segment->size &&
	    s->position.segment != s->journal->active) {
		s->lost = journal_step(s->journal, &s->position, NULL) < 0;
		return !s->lost;
	}
	if (doubtful(s)) {
		s->lost = recover_prove(s->position.segment, TURN) < 0;
		return !s->lost;
	}
	if (in_tail(s, tail))
		return tail_step(s, tail);
	return s->filter != NULL ? filter_step(s) : file_step(s);
}

void
subscriber_pump(struct subscriber *s, const struct tail *tail)
{
	int64_t turn = TURN, given = s->given;

	while (!s->blocked && !s->lost && turn > 0 && subscriber_behind(s)) {
		int64_t from = s->position.at;
		const struct segment *segment = s->position.segment;
		int64_t proven = segment->proven;

		if (!step(s, tail))
			break;
		if (segment == s->position.segment) {
			turn -= s->position.at - from + segment->proven - proven;
			s->given += s->position.at - from;
		}
	}
	if (s->heartbeat > 0 && s->given > given)
		s->fresh = kernel.now();
}
