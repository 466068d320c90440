#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroupplace.h"
#include "children.h"
#include "folder.h"
#include "leftovers.h"
#include "memory.h"
#include "process.h"
#include "scratch.h"
#include "settings.h"

struct keeper {
	struct child *worker;
	bool stopping; /* a stop was asked for: when the worker has stopped, so do we */
	bool over;
	int status;
};

static const int passed[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
#define NPASSED (sizeof(passed) / sizeof(passed[0]))

static int
complain(const char *what)
{
	fprintf(stderr, "mci-job: %s: %s\n", what, strerror(errno));
	return EXIT_ERROR;
}

/* Beside the sockets: in memory on most machines. The worker holds it, too; what is left when both were
 * killed is undone by the next one. */
static int
make_scratch(struct scratch *s)
{
	struct error e;
	AUTO_FREE char *parent = folder_sockets(&e);

	if (parent != NULL && scratch_make(s, parent, "job", leftovers_run, &e) == 0)
		return 0;
	fprintf(stderr, "mci-job: %s\n", e.text);
	return -1;
}

/* An ignored signal (nohup, a background job of a plain sh) stays ignored. */
static bool
ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void
signals_of_interest(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTSTP);
	for (size_t i = 0; i < NPASSED; i++) {
		if (!ignored(passed[i]))
			sigaddset(set, passed[i]);
	}
}

/* The worker stands still: now we do, so that the shell sees its job stopped. Where nobody could
 * continue us (an orphaned group) the kernel drops the stop, and both go on. */
static void
stop_here(struct keeper *k)
{
	sigset_t stop;

	k->stopping = false;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	raise(SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	child_signal(k->worker, SIGCONT);
}

static void
children_look(struct keeper *k)
{
	enum child_state state;

	children_sweep();
	state = child_look(k->worker, &k->status);
	if (state == CHILD_STOPPED && k->stopping)
		stop_here(k);
	k->over = state == CHILD_ENDED;
}

static void
keep(struct keeper *k, const sigset_t *set)
{
	while (!k->over) {
		int signal = sigwaitinfo(set, NULL);

		if (signal == SIGCHLD)
			children_look(k);
		if (signal <= 0 || signal == SIGCHLD)
			continue;
		if (signal == SIGTSTP)
			k->stopping = true;
		else
			process_caught(signal);
		child_signal(k->worker, signal);
	}
}

static int
worker_start(struct keeper *k, int (*worker)(void *, const char *, int), void *arg,
    const char *scratch)
{
	int lifeline[2];
	pid_t pid;

	if (pipe2(lifeline, O_CLOEXEC) < 0)
		return complain("pipe");
	pid = child_fork(&k->worker);
	if (pid < 0)
		return complain("fork");
	if (pid == 0) {
		close(lifeline[1]);
		/* no terminal for the worker's jobs, and no signal from one but by us; a session for
		 * each job would cost more than all else that is done for it here */
		setsid();
		exit(worker(arg, scratch, lifeline[0]));
	}
	close(lifeline[0]);
	return 0;
}

static int
result(const struct keeper *k)
{
	if (WIFEXITED(k->status))
		return WEXITSTATUS(k->status);
	fprintf(stderr, "mci-job: the worker was killed by signal %d; all jobs are ended\n",
	    WTERMSIG(k->status));
	return EXIT_ERROR;
}

int
keeper_run(int (*worker)(void *arg, const char *scratch, int lifeline), void *arg)
{
	struct keeper k = { 0 };
	struct scratch scratch = { 0 };
	struct error e;
	sigset_t set;
	int failed;

	if (process_adopt_orphans(&e) < 0) {
		fprintf(stderr, "mci-job: %s\n", e.text);
		return EXIT_ERROR;
	}
	if (make_scratch(&scratch) < 0)
		return EXIT_ERROR;
	signals_of_interest(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	failed = worker_start(&k, worker, arg, scratch.path);
	if (failed == 0) {
		keep(&k, &set);
		child_free(k.worker);
		children_kill_all();
		if (WIFSIGNALED(k.status))
			cgroups_sweep("/proc/self/cgroup", "/proc/self/mountinfo");
		leftovers_run(scratch.path);
		failed = result(&k);
	}
	scratch_remove(&scratch);
	return process_end(failed);
}
