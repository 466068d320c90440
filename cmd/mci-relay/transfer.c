#include "transfer.h"

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
can_splice(const struct transfer *t)
{
	bool pipe = is_kind(t->from, S_IFIFO);

	if (is_kind(t->to, S_IFIFO))
		return pipe || t->from_socket;
	return pipe && (fcntl(t->to, F_GETFL) & O_NONBLOCK) != 0;
}

void
transfer_init(struct transfer *t, int from, int to)
{
	*t = (struct transfer){ .from = from, .to = to, .state = from < 0 ? TRANSFER_ENDED : TRANSFER_RUNS };
	t->from_socket = is_kind(from, S_IFSOCK);
	t->to_socket = is_kind(to, S_IFSOCK);
	if (!t->to_socket)
		fcntl(to, F_SETFL, fcntl(to, F_GETFL) | O_NONBLOCK);
	t->terminal = isatty(to) == 1;
	t->splices = !t->terminal && can_splice(t);
}

void
transfer_poll(const struct transfer *t, struct pollfd polls[2])
{
	bool runs = t->state == TRANSFER_RUNS;

	/* an end that poll would tell again and again, while what came before it cannot move on */
	polls[0] = (struct pollfd){ .fd = runs && !t->full ? t->from : -1, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = runs ? t->to : -1, .events = t->full ? POLLOUT : 0 };
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* A socket may be somebody else's as well, so it is not made O_NONBLOCK. */
static ssize_t
take(struct transfer *t)
{
	char *into = bytes_reserve(&t->buffer, CHUNK);
	ssize_t n = t->from_socket ? recv(t->from, into, CHUNK, MSG_DONTWAIT) :
	    kernel.read(t->from, into, CHUNK);

	if (n > 0 && t->terminal) {
		AUTO_BYTES taken = t->buffer;

		t->buffer = (struct bytes){ 0 };
		safe_add(&t->safe, &t->buffer, taken.data, (size_t)n);
	} else if (n > 0) {
		t->buffer.len = (size_t)n;
	}
	return n;
}

static size_t
waiting(const struct transfer *t)
{
	return t->buffer.len - t->at;
}

static ssize_t
give(const struct transfer *t)
{
	const char *bytes = t->buffer.data + t->at;

	return t->to_socket ? send(t->to, bytes, waiting(t), MSG_DONTWAIT | MSG_NOSIGNAL) :
	    kernel.write(t->to, bytes, waiting(t));
}

/* The end of from; a reset is one behind which the other end has dropped what we had sent. */
static void
ended(struct transfer *t, ssize_t got)
{
	t->lost = t->lost || got < 0;
	t->state = TRANSFER_ENDED;
}

static void
broken(struct transfer *t, bool lost)
{
	t->lost = t->lost || lost;
	t->state = TRANSFER_BROKEN;
}

static void
turn_buffer(struct transfer *t)
{
	ssize_t n;

	if (waiting(t) == 0) {
		t->at = t->buffer.len = 0;
		n = take(t);
		if (n < 0 && would_block())
			return;
		if (n <= 0) {
			ended(t, n);
			return;
		}
	}
	n = waiting(t) > 0 ? give(t) : 0;
	if (n < 0 && !would_block()) {
		broken(t, true);
		return;
	}
	if (n > 0)
		t->at += (size_t)n;
	t->full = waiting(t) > 0;
}

/* EAGAIN does not say which side is to be waited for: the other one than before. */
static void
turn_splice(struct transfer *t)
{
	ssize_t n = splice(t->from, NULL, t->to, NULL, CHUNK, SPLICE_F_NONBLOCK);

	if (n > 0)
		return;
	if (n == 0)
		ended(t, 0);
	else if (errno == EAGAIN)
		t->full = !t->full;
	else if (errno == EINVAL)
		t->splices = false; /* not between these two, or not in this kernel */
	else if (errno == ECONNRESET)
		ended(t, -1);
	else if (errno != EINTR)
		broken(t, true);
}

void
transfer_turn(struct transfer *t, const struct pollfd polls[2])
{
	if (t->state != TRANSFER_RUNS)
		return;
	if ((polls[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		broken(t, waiting(t) > 0);
	else if (polls[0].revents == 0 && polls[1].revents == 0)
		return;
	else if (t->splices)
		turn_splice(t);
	else
		turn_buffer(t);
}

void
transfer_free(struct transfer *t)
{
	bytes_free(&t->buffer);
}
