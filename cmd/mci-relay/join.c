#include "join.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connect.h"
#include "option.h"
#include "process.h"
#include "transfer.h"
#include "terminal.h"

/* The two directions: up from standard input, down to standard output. */
struct join {
	struct transfer up, down;
};

/* Tells the reader of fd that nothing more comes; a socket stays open for its other direction. */
static void
finish(int fd)
{
	if (shutdown(fd, SHUT_WR) < 0 && errno == ENOTSOCK)
		close(fd);
}

static void
turn(struct transfer *t, const struct pollfd polls[2])
{
	bool ran = t->state == TRANSFER_RUNS;

	transfer_turn(t, polls);
	if (!ran || t->state == TRANSFER_RUNS)
		return;
	finish(t->to);
	/* whoever writes to us is to notice that nobody takes it */
	if (t->state == TRANSFER_BROKEN && shutdown(t->from, SHUT_RD) < 0 && errno == ENOTSOCK)
		close(t->from);
}

/* Until both directions have ended; -1 when waiting fails. */
static int
serve(struct join *j, struct error *e)
{
	while (j->up.state == TRANSFER_RUNS || j->down.state == TRANSFER_RUNS) {
		bool unread = j->down.state == TRANSFER_BROKEN;
		struct pollfd polls[4];
		int ready;

		transfer_poll(&j->up, polls);
		transfer_poll(&j->down, polls + 2);
		/* without a reader nobody waits for an answer: only what is here already goes out */
		ready = poll(polls, 4, unread && !j->up.full ? 0 : -1);
		if (ready < 0 && errno != EINTR)
			return error_sys(e, "poll");
		if (ready == 0)
			break;
		if (ready > 0) {
			turn(&j->up, polls);
			turn(&j->down, polls + 2);
		}
	}
	return 0;
}

static int
outcome(const struct join *j, const struct address *a, struct error *e)
{
	if (j->down.state == TRANSFER_BROKEN)
		return 128 + SIGPIPE;
	if (j->up.lost || j->down.lost)
		return error_set(e, ERROR_DISCONNECTED,
		    "%s: the other end left before it had taken all", a->text);
	return 0;
}

int
join_run(const struct address *a, struct error *e)
{
	struct join j;
	int from, to, in, out, status;

	if (connect_descriptors(a, &in, &out, e) < 0 || address_stdio(&from, &to, e) < 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	transfer_init(&j.up, out < 0 ? -1 : from, out);
	transfer_init(&j.down, in, to);
	j.down.safe.color = terminal_color(to, option_common.color);
	status = serve(&j, e) < 0 ? -1 : outcome(&j, a, e);
	transfer_free(&j.up);
	transfer_free(&j.down);
	return status;
}

int
join_exec(const struct address *a, struct error *e)
{
	process_become(a->argv[0], a->argv);
	return error_sys(e, "%s", a->argv[0]);
}
