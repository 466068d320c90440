#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

/* What a pipe holds: more is never moved at once. */
#define CHUNK (64 * 1024)

static bool
is_kind(int fd, mode_t kind)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

/*
 * splice(2) needs a pipe at one end, and its flag keeps only pipes, and sockets that are read from,
 * from blocking: another target has to be O_NONBLOCK itself.
 */
static bool
can_splice(const struct pump *p)
{
	bool pipe = is_kind(p->from, S_IFIFO);

	if (is_kind(p->to, S_IFIFO))
		return pipe || p->from_socket;
	return pipe && (fcntl(p->to, F_GETFL) & O_NONBLOCK) != 0;
}

void
pump_init(struct pump *p, int from, int to)
{
	*p = (struct pump){ .from = from, .to = to, .state = from < 0 ? PUMP_ENDED : PUMP_RUNS };
	p->from_socket = is_kind(from, S_IFSOCK);
	p->to_socket = is_kind(to, S_IFSOCK);
	if (!p->to_socket)
		fcntl(to, F_SETFL, fcntl(to, F_GETFL) | O_NONBLOCK);
	p->terminal = isatty(to) == 1;
	p->splices = !p->terminal && can_splice(p);
}

void
pump_poll(const struct pump *p, struct pollfd polls[2])
{
	bool runs = p->state == PUMP_RUNS;

	/* an end that poll would tell again and again, while what came before it cannot move on */
	polls[0] = (struct pollfd){ .fd = runs && !p->full ? p->from : -1, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = runs ? p->to : -1, .events = p->full ? POLLOUT : 0 };
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* A socket may be somebody else's as well, so it is not made O_NONBLOCK. */
static ssize_t
take(struct pump *p)
{
	char *into = bytes_reserve(&p->buffer, CHUNK);
	ssize_t n = p->from_socket ? recv(p->from, into, CHUNK, MSG_DONTWAIT) :
	    kernel.read(p->from, into, CHUNK);

	if (n > 0 && p->terminal) {
		AUTO_BYTES taken = p->buffer;

		p->buffer = (struct bytes){ 0 };
		safe_add(&p->safe, &p->buffer, taken.data, (size_t)n);
	} else if (n > 0) {
		p->buffer.len = (size_t)n;
	}
	return n;
}

static size_t
waiting(const struct pump *p)
{
	return p->buffer.len - p->at;
}

static ssize_t
give(const struct pump *p)
{
	const char *bytes = p->buffer.data + p->at;

	return p->to_socket ? send(p->to, bytes, waiting(p), MSG_DONTWAIT | MSG_NOSIGNAL) :
	    kernel.write(p->to, bytes, waiting(p));
}

/* The end of from; a reset is one behind which the other end has dropped what we had sent. */
static void
ended(struct pump *p, ssize_t got)
{
	p->lost = p->lost || got < 0;
	p->state = PUMP_ENDED;
}

static void
broken(struct pump *p, bool lost)
{
	p->lost = p->lost || lost;
	p->state = PUMP_BROKEN;
}

static void
turn_buffer(struct pump *p)
{
	ssize_t n;

	if (waiting(p) == 0) {
		p->at = p->buffer.len = 0;
		n = take(p);
		if (n < 0 && would_block())
			return;
		if (n <= 0) {
			ended(p, n);
			return;
		}
	}
	n = waiting(p) > 0 ? give(p) : 0;
	if (n < 0 && !would_block()) {
		broken(p, true);
		return;
	}
	if (n > 0)
		p->at += (size_t)n;
	p->full = waiting(p) > 0;
}

/* EAGAIN does not say which side is to be waited for: the other one than before. */
static void
turn_splice(struct pump *p)
{
	ssize_t n = splice(p->from, NULL, p->to, NULL, CHUNK, SPLICE_F_NONBLOCK);

	if (n > 0)
		return;
	if (n == 0)
		ended(p, 0);
	else if (errno == EAGAIN)
		p->full = !p->full;
	else if (errno == EINVAL)
		p->splices = false; /* not between these two, or not in this kernel */
	else if (errno == ECONNRESET)
		ended(p, -1);
	else if (errno != EINTR)
		broken(p, true);
}

void
pump_turn(struct pump *p, const struct pollfd polls[2])
{
	if (p->state != PUMP_RUNS)
		return;
	if ((polls[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		broken(p, waiting(p) > 0);
	else if (polls[0].revents == 0 && polls[1].revents == 0)
		return;
	else if (p->splices)
		turn_splice(p);
	else
		turn_buffer(p);
}

void
pump_free(struct pump *p)
{
	bytes_free(&p->buffer);
}
