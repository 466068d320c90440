#include "signals.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "children.h"
#include "kernel.h"
#include "memory.h"
#include "process.h"

/* The first asks everything to end, a second one does not wait for it. */
static void
interrupted(void *arg, const struct signalfd_siginfo *info)
{
	struct signals *s = arg;
	int signal = (int)info->ssi_signo;

	/* no terminal of an order hangs up: so the kernel wakes a group that was stopped and whose parent
	 * died (POSIX, _exit: Consequences of Process Termination); the lifeline says what that means */
	if (signal == SIGHUP && s->ordered)
		return;
	/* behind the build's end only the waiting for readers is over; but whoever types ^C means a loop as
	 * well that may be around us */
	if (!s->outcome->finished || signal == SIGINT)
		process_caught(signal);
	if (s->outcome->finished && s->ordered)
		return; /* what the hub has not taken is not over; our lifeline ends us */
	if (s->outcome->finished) {
		progress_abandon(s->progress);
		publish_abandon(s->publish);
		*s->over = true;
		return;
	}
	if (!s->outcome->canceled) {
		AUTO_FREE char *reason = xformat("SIG%s", sigabbrev_np(signal));
		outcome_cancel(s->outcome, 128 + signal, reason);
		return;
	}
	if (signal == SIGINT)
		runner_kill(s->runner);
}

/* ^Z: mci-job, in a group of its own, is stopped with us; the time stopped counts for nobody. */
static void
suspended(void *arg, const struct signalfd_siginfo *info)
{
	struct signals *s = arg;
	int64_t before = kernel.now();

	(void)info;
	runner_signal(s->runner, SIGTSTP);
	kill(getpid(), SIGSTOP);
	loop_shift(s->loop, kernel.now() - before);
	runner_signal(s->runner, SIGCONT);
}

int
signals_take(struct signals *s, struct error *e)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

	signal(SIGPIPE, SIG_IGN);
	if (children_adopt(s->loop, NULL, NULL, e) < 0 ||
	    loop_on_signal(s->loop, SIGTSTP, suspended, s, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction old;

		/* nohup and background jobs of a shell come with these ignored: they stay so */
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (loop_on_signal(s->loop, ends[i], interrupted, s, e) < 0)
			return -1;
	}
	return 0;
}
