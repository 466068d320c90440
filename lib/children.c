#include "children.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

#define KILL_ROUNDS 10000 /* of a millisecond each */

struct child {
	struct loop *loop; /* NULL: it is waited for */
	pid_t pid;
	int pidfd;         /* -1: there is no loop, or it adopts */
	bool leads;        /* a group */
	bool over;         /* it has ended, and that was told */
	bool reaped;       /* by children_kill_all */
	child_ended *ended;
	void *arg;
	struct child *next;
};

/*
 * lock is held over each start, so that nobody takes a child that is not in the list yet for an
 * orphan, and over each reaping, so that the kernel's list of our children, read meanwhile, is
 * whole.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct child *known;
static struct loop *adopting;
static void (*adopted)(void *arg);
static void *adopted_arg;

static struct child *
find(pid_t pid)
{
	struct child *c = known;

	while (c != NULL && c->pid != pid)
		c = c->next;
	return c;
}

static void
forget(const struct child *c)
{
	struct child **at = &known;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

/* The child that has ended, as wait(2) has it; 0: none has. It stays a zombie. */
static pid_t
look(idtype_t type, pid_t pid, int flags, int *status, struct rusage *usage)
{
	siginfo_t info = { 0 };

	while (kernel.waitid(type, (id_t)pid, &info, WEXITED | WNOWAIT | flags, usage) < 0) {
		if (errno != EINTR)
			return 0;
	}
	*status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 :
	    info.si_status | (info.si_code == CLD_DUMPED ? WCOREFLAG : 0);
	return info.si_pid;
}

/* Whether it had ended. */
static bool
reap(pid_t pid)
{
	siginfo_t info = { 0 };

	return kernel.waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG, NULL) == 0 && info.si_pid == pid;
}

static void
unwatch(struct child *c)
{
	if (c->pidfd < 0)
		return;
	loop_forget(c->loop, c->pidfd);
	close(c->pidfd);
	c->pidfd = -1;
}

/* The callee may free it. */
static void
tell(struct child *c, int status, const struct rusage *usage)
{
	c->over = true;
	unwatch(c);
	c->ended(c->arg, status, usage);
}

static void
pidfd_ready(void *arg, uint32_t events)
{
	struct child *c = arg;
	struct rusage usage;
	int status;

	(void)events;
	if (look(P_PID, c->pid, WNOHANG, &status, &usage) != 0)
		tell(c, status, &usage);
	else
		unwatch(c); /* children_kill_all had it */
}

/* One that nobody knows is reaped, one of this loop told. False: it is left to who knows it. */
static bool
take(pid_t pid, int status, const struct rusage *usage, bool *orphans)
{
	struct child *c;
	bool ours;

	pthread_mutex_lock(&lock);
	c = find(pid);
	if (c == NULL)
		*orphans |= reap(pid);
	ours = c != NULL && c->loop != NULL && c->loop == adopting && !c->over;
	pthread_mutex_unlock(&lock);
	if (ours)
		tell(c, status, usage);
	return c == NULL || ours;
}

/* A zombie that is left to its owner hides those behind it from P_ALL: each child is looked at. */
static void
sweep_each(bool *orphans)
{
	struct process_list all = { 0 };
	struct rusage usage;
	int status;

	pthread_mutex_lock(&lock);
	process_children(&all);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < all.n; i++) {
		if (look(P_PID, all.pids[i], WNOHANG, &status, &usage) != 0)
			take(all.pids[i], status, &usage, orphans);
	}
	process_list_free(&all);
}

void
children_sweep(void)
{
	bool orphans = false;
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = look(P_ALL, 0, WNOHANG, &status, &usage)) != 0) {
		if (!take(pid, status, &usage, &orphans)) {
			sweep_each(&orphans);
			break;
		}
	}
	if (orphans && adopted != NULL)
		adopted(adopted_arg);
}

static void
child_signaled(void *arg, const struct signalfd_siginfo *info)
{
	(void)arg;
	(void)info;
	children_sweep();
}

int
children_adopt(struct loop *loop, void (*orphans)(void *arg), void *arg, struct error *e)
{
	if (process_adopt_orphans(e) < 0 || loop_on_signal(loop, SIGCHLD, child_signaled, NULL, e) < 0)
		return -1;
	adopted = orphans;
	adopted_arg = arg;
	pthread_mutex_lock(&lock);
	adopting = loop;
	pthread_mutex_unlock(&lock);
	return 0;
}

void
children_abandon(struct loop *loop)
{
	pthread_mutex_lock(&lock);
	if (adopting == loop)
		adopting = NULL;
	pthread_mutex_unlock(&lock);
}

static struct child *
add(struct loop *loop, pid_t pid, bool leads, child_ended *ended, void *arg)
{
	struct child *c = xmalloc(sizeof(*c));

	*c = (struct child){ .loop = loop, .pid = pid, .pidfd = -1, .leads = leads, .ended = ended,
		.arg = arg, .next = known };
	known = c;
	return c;
}

static int
watch(struct child *c, struct error *e)
{
	c->pidfd = process_pidfd(c->pid);
	if (c->pidfd < 0)
		return error_sys(e, "pidfd of process %d", (int)c->pid);
	if (loop_watch(c->loop, c->pidfd, EPOLLIN, pidfd_ready, c, e) == 0)
		return 0;
	close(c->pidfd);
	c->pidfd = -1;
	return -1;
}

struct child *
child_start(struct loop *loop, const struct process_spec *p, child_ended *ended, void *arg, struct error *e)
{
	struct child *c = NULL;
	bool watched;
	pid_t pid;

	pthread_mutex_lock(&lock);
	watched = loop != NULL && loop != adopting;
	if (process_spawn(&pid, p, e) == 0)
		c = add(loop, pid, p->group || p->session, ended, arg);
	pthread_mutex_unlock(&lock);
	if (c == NULL || !watched || watch(c, e) == 0)
		return c;
	child_signal_group(c, SIGKILL);
	child_wait(c);
	return NULL;
}

pid_t
child_fork(struct child **c)
{
	pid_t pid = fork();

	if (pid > 0)
		*c = add(NULL, pid, false, NULL, NULL);
	while (pid == 0 && known != NULL) {
		struct child *theirs = known;

		known = theirs->next;
		free(theirs);
	}
	if (pid == 0)
		adopting = NULL;
	return pid;
}

pid_t
child_pid(const struct child *c)
{
	return c->pid;
}

bool
child_is_reaped(const struct child *c)
{
	return c->reaped;
}

void
child_signal(const struct child *c, int signal)
{
	if (c != NULL && !c->reaped)
		kill(c->pid, signal);
}

void
child_signal_group(const struct child *c, int signal)
{
	if (c != NULL && !c->reaped)
		kill(c->leads ? -c->pid : c->pid, signal);
}

void
child_signal_tree(const struct child *c, int signal)
{
	if (c != NULL && !c->reaped)
		process_signal_tree(c->pid, c->leads, signal);
}

int
child_wait(struct child *c)
{
	int status = 0;

	if (!c->reaped)
		look(P_PID, c->pid, 0, &status, NULL);
	child_free(c);
	return status;
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	unwatch(c);
	pthread_mutex_lock(&lock);
	forget(c);
	if (!c->reaped)
		reap(c->pid);
	pthread_mutex_unlock(&lock);
	free(c);
}

enum child_state
child_look(const struct child *c, int *status)
{
	siginfo_t info = { 0 };

	if (look(P_PID, c->pid, WNOHANG, status, NULL) != 0)
		return CHILD_ENDED;
	if (kernel.waitid(P_PID, (id_t)c->pid, &info, WSTOPPED | WNOHANG, NULL) == 0 && info.si_pid == c->pid)
		return CHILD_STOPPED;
	return CHILD_RUNS;
}

/* Known children that were reaped are not signaled again. */
static bool
reap_any(pid_t pid)
{
	struct child *c = find(pid);

	if (!reap(pid))
		return false;
	if (c != NULL)
		c->reaped = true;
	return true;
}

/* KILLs all and reaps those that have ended; how many are left. */
static size_t
kill_round(size_t *found)
{
	struct process_list all = { 0 };
	size_t left = 0;

	process_descendants(getpid(), &all);
	process_signal_below(getpid(), SIGKILL);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < all.n; i++) {
		if (reap_any(all.pids[i]))
			++*found;
		else if (process_may_kill(all.pids[i]))
			left++;
	}
	pthread_mutex_unlock(&lock);
	process_list_free(&all);
	return left;
}

size_t
children_kill_all(void)
{
	const struct timespec pause = { 0, 1000000 };
	size_t found = 0, before = 0;

	/* one whose parent has just died may be in neither list: the last round meets nobody */
	for (int round = 0; round < KILL_ROUNDS && (kill_round(&found) > 0 || found > before); round++) {
		before = found;
		nanosleep(&pause, NULL);
	}
	return found;
}
