#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inbox.h"
#include "kernel.h"
#include "memory.h"
#include "outbox.h"

_Static_assert(LINK_FDS == OUTBOX_FDS && LINK_FDS == INBOX_FDS, "a line carries as many both ways");

#define DRAIN 16

struct link {
	struct loop *loop;
	int in, out, stream;
	enum outbox_way way;
	bool file;     /* in is a regular file or device: always ready, never watched */
	bool sink;     /* out is one */
	const struct link_events *events;
	void *arg;
	struct link_peer peer;

	struct inbox inbox;
	uint64_t data; /* bytes that come before the next line */

	struct outbox unsent;

	bool paused;    /* by the owner */
	bool taken;     /* by a stream */
	bool eof;       /* the other end's sending half is closed */
	bool told;      /* ... and the owner knows */
	bool finishing; /* close our half when all is sent */
	bool gone;      /* hung up while nothing was read */
	bool waited;    /* what is sent had to wait, and drained was not called since */
	int broken;     /* errno of a failed write */
	bool busy;      /* handing out lines: send when they are done */
	bool dead;
	int depth;      /* callbacks that are running */
	uint32_t watch_in, watch_out;
	bool watched_in, watched_out;
	struct loop_timer *kick;
	void (*release)(void *arg);
	void *release_arg;
};

static void kicked(void *arg);
static void ready_in(void *arg, uint32_t events);
static void ready_out(void *arg, uint32_t events);

static void
close_all(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

/* Goes on from the loop, for what must not happen inside the owner's call. */
static void
kick(struct link *l)
{
	if (l->kick == NULL && !l->dead)
		l->kick = loop_after(l->loop, 0, kicked, l);
}

/* Whether lines may be handed out now. */
static bool
willing(const struct link *l)
{
	return !l->dead && !l->paused && !l->taken &&
	    (l->events->asks || link_unsent(l) <= LINK_PAUSE);
}

/* Bytes that were read while the link was willing, and not handed out before it no longer was. */
static bool
backlog(const struct link *l)
{
	return l->inbox.reader.searched < l->inbox.reader.buffer.len;
}

static bool
reading(const struct link *l)
{
	return l->in >= 0 && !l->eof && willing(l) && !backlog(l);
}

/* False when fd cannot be watched: files and some devices are always ready. */
static bool
watch_one(struct link *l, int fd, loop_ready *ready, bool want, uint32_t events, bool *watched,
    uint32_t *now)
{
	if (*watched && !want) {
		loop_forget(l->loop, fd);
		*watched = false;
	} else if (*watched && *now != events) {
		loop_change(l->loop, fd, events);
	} else if (!*watched && want) {
		*watched = loop_watch(l->loop, fd, events, ready, l, NULL) == 0;
	}
	*now = events;
	return *watched == want;
}

/*
 * Asks the loop for what can be used now. A hang-up is reported whether it is asked for or not, so
 * a descriptor on which it is no news is not watched at all: that would spin.
 */
static void
watch(struct link *l)
{
	uint32_t in = reading(l) ? EPOLLIN : 0;
	uint32_t out = link_unsent(l) > 0 ? EPOLLOUT : 0;

	if (l->in >= 0 && l->in == l->out)
		l->file = !watch_one(l, l->in, ready_in, !l->gone || (in | out) != 0, in | out,
		    &l->watched_in, &l->watch_in);
	else if (l->in >= 0 && !l->file)
		l->file = !watch_one(l, l->in, ready_in, in != 0, in, &l->watched_in, &l->watch_in);
	if ((l->file && in != 0) || (backlog(l) && willing(l)))
		kick(l);
	if (l->out >= 0 && l->in != l->out && !l->sink)
		l->sink = !watch_one(l, l->out, ready_out, true, out, &l->watched_out,
		    &l->watch_out);
}

static void
close_out(struct link *l)
{
	if (l->out < 0 || l->out == l->in)
		return;
	if (l->watched_out)
		loop_forget(l->loop, l->out);
	l->watched_out = false;
	close(l->out);
	l->out = -1;
}

static void
release(struct link *l)
{
	l->dead = true;
	loop_cancel(l->loop, l->kick);
	l->kick = NULL;
	if (l->depth > 0)
		return;
	close_out(l);
	if (l->watched_in)
		loop_forget(l->loop, l->in);
	if (l->in >= 0)
		close(l->in);
	if (l->stream >= 0) {
		loop_forget(l->loop, l->stream);
		close(l->stream);
	}
	inbox_free(&l->inbox);
	outbox_free(&l->unsent);
	if (l->release != NULL)
		l->release(l->release_arg);
	free(l);
}

/* Why nothing more comes, for the owner. */
static void
explain(const struct link *l, int sys, struct error *why)
{
	struct span rest = line_rest(&l->inbox.reader);

	*why = (struct error){ 0 };
	if (sys != 0) {
		error_set(why, ERROR_DISCONNECTED, "the link broke: %s", strerror(sys));
		why->sys = sys;
	} else if (l->data > 0 && !l->taken) {
		error_set(why, ERROR_INPUT, "the stream ended inside the data of line %llu: %llu bytes "
		    "are missing", (unsigned long long)l->inbox.reader.number, (unsigned long long)l->data);
	} else if (rest.n > 0 && !l->taken) {
		error_set(why, ERROR_INPUT, "the stream ended inside line %llu: %zu bytes without a "
		    "newline were dropped", (unsigned long long)l->inbox.reader.number + 1, rest.n);
	}
}

/* Tells the owner and frees the link. Only from the loop's callbacks. */
static void
lost(struct link *l, int sys)
{
	struct error why;

	if (l->dead)
		return;
	explain(l, sys, &why);
	l->depth++;
	if (l->events->closed != NULL)
		l->events->closed(l->arg, l, &why);
	l->depth--;
	release(l);
}

static void
ended(struct link *l)
{
	struct error why;

	if (l->events->ended == NULL || l->out < 0) {
		lost(l, 0);
		return;
	}
	if (l->told)
		return;
	l->told = true;
	explain(l, 0, &why);
	l->depth++;
	l->events->ended(l->arg, l, &why);
	l->depth--;
	if (l->dead)
		release(l);
	else
		watch(l);
}

/* Everything is out: our half is closed if that was asked for. */
static void
sending_done(struct link *l)
{
	if (!l->finishing || l->out < 0)
		return;
	shutdown(l->out, SHUT_WR); /* a socket; nothing happens to a pipe */
	close_out(l);
	if (l->in < 0)
		kick(l);
}

/* Gives what the descriptor takes. A failure is kept for the loop: the owner may be in
 * link_send. */
static void
flush(struct link *l)
{
	if (link_unsent(l) > 0 && l->broken == 0 && outbox_give(&l->unsent, l->out, l->way) < 0) {
		l->broken = errno;
		kick(l);
	}
	outbox_settle(&l->unsent);
	if (link_unsent(l) == 0)
		sending_done(l);
	else
		l->waited = true;
}

/* Hands out what is there of the data behind a line; false when there is nothing. */
static bool
hand_out_data(struct link *l)
{
	struct span piece = line_take(&l->inbox.reader, l->data);

	if (piece.n == 0)
		return false;
	l->data -= piece.n;
	if (l->events->data != NULL)
		l->events->data(l->arg, l, piece, l->data);
	return true;
}

/* Hands out one line; false when none is whole. */
static bool
hand_out(struct link *l)
{
	struct span line;
	int fds[LINK_FDS], nfds;
	uint64_t from = inbox_position(&l->inbox);
	enum line_result got;

	if (l->data > 0)
		return hand_out_data(l);
	got = line_next(&l->inbox.reader, &line);
	if (got == LINE_NONE)
		return false;
	nfds = l->inbox.nheld == 0 ? 0 : inbox_claim(&l->inbox, from, inbox_position(&l->inbox), fds);
	if (got == LINE_OK && l->events->line != NULL) {
		l->events->line(l->arg, l, line, fds, nfds);
		return true;
	}
	close_all(fds, nfds);
	if (got == LINE_LONG && l->events->too_long != NULL)
		l->events->too_long(l->arg, l, l->inbox.reader.number, line);
	return true;
}

/* Hands out all whole lines at once. */
static bool
hand_out_run(struct link *l)
{
	struct span lines;
	int fds[LINK_FDS];
	enum line_result got = line_run(&l->inbox.reader, &lines);

	if (got == LINE_NONE)
		return false;
	if (l->inbox.nheld > 0)
		close_all(fds, inbox_claim(&l->inbox, 0, inbox_position(&l->inbox), fds));
	if (got == LINE_OK)
		l->events->lines(l->arg, l, lines);
	else if (l->events->too_long != NULL)
		l->events->too_long(l->arg, l, l->inbox.reader.number, lines);
	return true;
}

static void
dispatch(struct link *l)
{
	bool (*give)(struct link *) = l->events->lines != NULL ? hand_out_run : hand_out;

	l->depth++;
	l->busy = l->inbox.busy = true;
	while (willing(l) && give(l)) {
		/* answers are gathered, unless they are many */
		if (link_unsent(l) > LINK_PAUSE)
			flush(l);
	}
	l->busy = l->inbox.busy = false;
	if (!l->dead)
		flush(l);
	l->depth--;
	if (l->dead) {
		release(l);
		return;
	}
	inbox_settle(&l->inbox);
	watch(l);
	/* what had waited went with the answers */
	if (l->waited && link_unsent(l) == 0)
		kick(l);
}

/* One read and what it brings; false when there was nothing to read. */
static bool
receive(struct link *l)
{
	ssize_t n = inbox_read(&l->inbox, l->in, l->way == OUTBOX_SOCKET);

	if (n > 0) {
		dispatch(l);
	} else if (n == 0) {
		l->eof = true;
		watch(l);
		ended(l);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		lost(l, errno);
	} else {
		return false;
	}
	return true;
}

/*
 * Nothing can be sent any more. What the other end said before it went is still read (a pipe or
 * socket holds less than DRAIN chunks), then the link is lost.
 */
static void
fail(struct link *l, int sys)
{
	l->broken = sys;
	outbox_free(&l->unsent);
	l->depth++;
	if (backlog(l))
		dispatch(l);
	for (int i = 0; i < DRAIN && reading(l); i++) {
		if (!receive(l))
			break;
	}
	lost(l, sys);
	l->depth--;
	if (l->dead)
		release(l);
}

/* False when the link was closed. */
static bool
tell_drained(struct link *l)
{
	if (!l->waited || l->broken != 0 || link_unsent(l) > 0)
		return true;
	l->waited = false;
	if (l->events->drained == NULL)
		return true;
	l->depth++;
	l->events->drained(l->arg, l);
	l->depth--;
	if (!l->dead)
		return true;
	release(l);
	return false;
}

/* What was sent has moved: the owner may send more, reading may go on. False when the link was
 * closed. */
static bool
moved(struct link *l)
{
	flush(l);
	if (!tell_drained(l))
		return false;
	watch(l);
	return true;
}

static void
ready_out(void *arg, uint32_t events)
{
	struct link *l = arg;

	if (events & EPOLLOUT && !(events & EPOLLERR))
		moved(l);
	else if (events & (EPOLLERR | EPOLLHUP))
		fail(l, EPIPE);
}

static void
ready_in(void *arg, uint32_t events)
{
	struct link *l = arg;

	if (events & EPOLLOUT && !(events & (EPOLLERR | EPOLLHUP)) && !moved(l))
		return;
	if (reading(l)) {
		if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			receive(l);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		if (link_unsent(l) > 0 || events & EPOLLERR) {
			fail(l, EPIPE);
		} else if ((l->paused || backlog(l)) && !l->taken && !l->eof) {
			/* what it said is still of use, and is heard when reading goes on */
			l->gone = true;
			watch(l);
		} else {
			lost(l, 0);
		}
	}
}

/* False when the link was closed. */
static bool
tell_dropped(struct link *l)
{
	uint64_t number = l->inbox.dropped;

	l->inbox.dropped = 0;
	l->depth++;
	if (l->events->crowded_out != NULL)
		l->events->crowded_out(l->arg, l, number);
	l->depth--;
	if (!l->dead)
		return true;
	release(l);
	return false;
}

static void
kicked(void *arg)
{
	struct link *l = arg;

	l->kick = NULL;
	if (l->inbox.dropped > 0 && l->broken == 0 && !tell_dropped(l))
		return;
	if (l->broken != 0) {
		fail(l, l->broken);
	} else if (!tell_drained(l)) {
		return;
	} else if (l->in < 0) {
		if (l->out < 0)
			lost(l, 0);
	} else if (backlog(l) && willing(l)) {
		dispatch(l);
	} else if (l->file && reading(l)) {
		receive(l);
	} else {
		watch(l);
	}
}

/* Descriptors travel only where both directions are one Unix socket. */
static enum outbox_way
way_of(int in, int out)
{
	int domain = 0;
	socklen_t n = sizeof(domain);
	struct stat st;

	if (in == out && getsockopt(out, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_UNIX)
		return OUTBOX_SOCKET;
	return fstat(out, &st) == 0 && S_ISFIFO(st.st_mode) ? OUTBOX_PIPE : OUTBOX_PLAIN;
}

static void
prepare(struct link *l)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (l->way == OUTBOX_SOCKET) {
		if (getsockopt(l->out, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0)
			l->peer = (struct link_peer){ cred.pid, cred.uid, cred.gid };
		return;
	}
	if (l->in >= 0)
		fcntl(l->in, F_SETFL, fcntl(l->in, F_GETFL) | O_NONBLOCK);
	if (l->out >= 0) {
		fcntl(l->out, F_SETFL, fcntl(l->out, F_GETFL) | O_NONBLOCK);
		signal(SIGPIPE, SIG_IGN);
	}
}

struct link *
link_take(struct loop *loop, int in, int out, const struct link_events *events, void *arg,
    struct error *e)
{
	struct link *l = xmalloc(sizeof(*l));

	*l = (struct link){ .loop = loop, .in = in, .out = out, .stream = -1, .events = events,
		.arg = arg, .way = way_of(in, out) };
	if ((in >= 0 && fcntl(in, F_GETFD) < 0) || (out >= 0 && fcntl(out, F_GETFD) < 0)) {
		error_sys(e, "descriptors %d and %d", in, out);
		free(l);
		return NULL;
	}
	prepare(l);
	watch(l);
	return l;
}

/* The two notes of the budget: the loop goes on from there. */
static void
half_dropped(void *arg)
{
	kick(arg);
}

static void
unread(void *arg)
{
	struct link *l = arg;

	l->broken = ENOBUFS;
	kick(l);
}

void
link_bound(struct link *l)
{
	inbox_bound(&l->inbox, half_dropped, l);
	outbox_bound(&l->unsent, unread, l);
}

static bool
may_send(const struct link *l, size_t n)
{
	return !l->dead && l->broken == 0 && l->out >= 0 && !l->taken && !l->finishing &&
	    link_unsent(l) + n <= LINK_BUFFER;
}

static void
sending(struct link *l)
{
	if (l->busy)
		return;
	flush(l);
	watch(l);
}

int
link_send(struct link *l, const void *p, size_t n)
{
	if (!may_send(l, n))
		return -1;
	outbox_add(&l->unsent, p, n);
	sending(l);
	return 0;
}

int
link_send_fds(struct link *l, const void *p, size_t n, const int *fds, int nfds)
{
	if (l->way != OUTBOX_SOCKET || !may_send(l, n) ||
	    outbox_add_fds(&l->unsent, p, n, fds, nfds) < 0)
		return -1;
	sending(l);
	return 0;
}

bool
link_answers(const struct link *l)
{
	return l->out >= 0;
}

bool
link_carries_fds(const struct link *l)
{
	return l->way == OUTBOX_SOCKET;
}

void
link_data(struct link *l, uint64_t n)
{
	l->data = n;
}

void
link_finish(struct link *l)
{
	l->finishing = true;
	if (link_unsent(l) == 0)
		sending_done(l);
}

void
link_close(struct link *l)
{
	if (l != NULL && !l->dead)
		release(l);
}

void
link_pause(struct link *l, int paused)
{
	if (l->paused == (paused != 0))
		return;
	l->paused = paused != 0;
	/* lines that were read already are handed out from the loop, not inside this call */
	watch(l);
}

size_t
link_unsent(const struct link *l)
{
	return outbox_size(&l->unsent);
}

const struct link_peer *
link_peer(const struct link *l)
{
	return &l->peer;
}

uint64_t
link_line_number(const struct link *l)
{
	return l->inbox.reader.number;
}

size_t
link_flush(struct link *l)
{
	if (!l->dead && l->out >= 0)
		flush(l);
	return link_unsent(l);
}

int
link_take_over(struct link *l)
{
	if (l->taken)
		return l->stream;
	if (link_flush(l) > 0 || l->dead || l->broken != 0 || l->out < 0)
		return -1;
	l->stream = fcntl(l->out, F_DUPFD_CLOEXEC, 3);
	if (l->stream < 0)
		return -1;
	fcntl(l->stream, F_SETFL, fcntl(l->stream, F_GETFL) | O_NONBLOCK);
	l->taken = true;
	watch(l);
	return l->stream;
}

void
link_on_release(struct link *l, void (*released)(void *arg), void *arg)
{
	l->release = released;
	l->release_arg = arg;
}
