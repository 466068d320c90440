#include "join.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connect.h"
#include "option.h"
#include "process.h"
#include "pump.h"
#include "terminal.h"

/* The two directions: up from standard input, down to standard output. */
struct join {
	struct pump up, down;
};

/* Tells the reader of fd that nothing more comes; a socket stays open for its other direction. */
static void
finish(int fd)
{
	if (shutdown(fd, SHUT_WR) < 0 && errno == ENOTSOCK)
		close(fd);
}

static void
turn(struct pump *p, const struct pollfd polls[2])
{
	bool ran = p->state == PUMP_RUNS;

	pump_turn(p, polls);
	if (!ran || p->state == PUMP_RUNS)
		return;
	finish(p->to);
	/* whoever writes to us is to notice that nobody takes it */
	if (p->state == PUMP_BROKEN && shutdown(p->from, SHUT_RD) < 0 && errno == ENOTSOCK)
		close(p->from);
}

/* Until both directions have ended; -1 when waiting fails. */
static int
serve(struct join *j, struct error *e)
{
	while (j->up.state == PUMP_RUNS || j->down.state == PUMP_RUNS) {
		bool unread = j->down.state == PUMP_BROKEN;
		struct pollfd polls[4];
		int ready;

		pump_poll(&j->up, polls);
		pump_poll(&j->down, polls + 2);
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
	if (j->down.state == PUMP_BROKEN)
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
	pump_init(&j.up, out < 0 ? -1 : from, out);
	pump_init(&j.down, in, to);
	j.down.safe.color = terminal_color(to, option_common.color);
	status = serve(&j, e) < 0 ? -1 : outcome(&j, a, e);
	pump_free(&j.up);
	pump_free(&j.down);
	return status;
}

int
join_exec(const struct address *a, struct error *e)
{
	process_become(a->argv[0], a->argv);
	return error_sys(e, "%s", a->argv[0]);
}
