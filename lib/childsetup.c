#include "childsetup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

#define STACK (64 * 1024) /* of the process until it is its program */

/*
 * The new process has our memory and we stand still until it has its own (vfork(2)), so it says by memory
 * what went wrong. It calls the kernel itself where libc would do something about our other threads.
 */
struct start {
	const struct childsetup *setup;
	const struct childsetup_program *program;
	const char *failed;
	int sys;
};

static int
groups_join(const struct childsetup *setup)
{
	for (size_t i = 0; i < setup->ngroups; i++) {
		if (kernel.write(setup->groups[i], "0", 1) != 1)
			return -1;
	}
	return 0;
}

static int
limits_set(const struct childsetup *setup)
{
	for (size_t i = 0; i < setup->nlimits; i++) {
		if (prlimit(0, (enum __rlimit_resource)setup->limits[i].resource, &setup->limits[i].value,
		    NULL) < 0)
			return -1;
	}
	return 0;
}

static int
mounts_attach(const struct childsetup *setup)
{
	if (setup->nmounts == 0)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -1;
	for (size_t i = 0; i < setup->nmounts; i++) {
		if (move_mount(setup->mounts[i].fd, "", AT_FDCWD, setup->mounts[i].at,
		    MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return -1;
	}
	return 0;
}

static int
restrict_self(const struct childsetup *setup)
{
	if (setup->landlock < 0)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_landlock_restrict_self, setup->landlock, 0);
}

static int
user_become(const struct childsetup *setup)
{
	if (!setup->other)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) < 0 ||
	    syscall(SYS_setresgid, setup->gid, setup->gid, setup->gid) < 0)
		return -1;
	return (int)syscall(SYS_setresuid, setup->uid, setup->uid, setup->uid);
}

static int
move(const int move[2], const char *terminal)
{
	const char *file = terminal != NULL ? terminal : "/dev/null";
	int from = move[0] >= 0 ? move[0] : kernel.open(AT_FDCWD, file, O_RDWR, 0);

	if (from < 0)
		return -1;
	return from == move[1] ? fcntl(from, F_SETFD, 0) : dup2(from, move[1]);
}

static int
descriptors_set(const struct childsetup_program *p)
{
	for (size_t i = 0; i < p->nmoves; i++) {
		if (move(p->moves[i], p->terminal) < 0)
			return -1;
	}
	return 0;
}

static int
session_make(const struct childsetup_program *p)
{
	if (p->session)
		return setsid() < 0 ? -1 : 0;
	return p->group ? setpgid(0, 0) : 0;
}

/* Handlers are ours, and none may run there: what has one is set to its default, as exec would do. */
static int
signals_set(const struct childsetup_program *p)
{
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction now;

		if (sigaction(signal, NULL, &now) < 0 || now.sa_handler == SIG_DFL ||
		    (now.sa_handler == SIG_IGN && sigismember(p->defaults, signal) != 1))
			continue;
		now = (struct sigaction){ .sa_handler = SIG_DFL };
		sigaction(signal, &now, NULL);
	}
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What was not done, else NULL. */
static const char *
steps(const struct childsetup *setup, const struct childsetup_program *p)
{
	/* nothing leaks into what is not trusted, whoever opened it */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return "close_range";
	if (session_make(p) < 0)
		return "session";
	if (groups_join(setup) < 0)
		return "control group";
	if (limits_set(setup) < 0)
		return "limits";
	if (mounts_attach(setup) < 0)
		return "mounts";
	if (p->dir != NULL && chdir(p->dir) < 0)
		return p->dir;
	if (restrict_self(setup) < 0)
		return "Landlock";
	/* the last: a target may have the number of what was used above */
	if (descriptors_set(p) < 0)
		return "descriptors";
	if (user_become(setup) < 0)
		return "user";
	return signals_set(p) < 0 ? "signals" : NULL;
}

static int
run(void *arg)
{
	struct start *s = arg;

	s->failed = steps(s->setup, s->program);
	if (s->failed == NULL)
		execve(s->program->path, s->program->argv, s->program->env);
	s->sys = errno;
	/* _exit(2) that sanitizers do not know: they would look for this stack among the threads' */
	return (int)syscall(SYS_exit_group, 127);
}

int
childsetup_spawn(pid_t *pid, const struct childsetup *setup, const struct childsetup_program *program,
    const char **failed)
{
	AUTO_FREE char *stack = xmalloc(STACK);
	struct start s = { .setup = setup, .program = program };
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	*pid = clone(run, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, &s);
	if (*pid < 0)
		s.sys = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	*failed = s.failed;
	if (s.sys == 0)
		return 0;
	if (*pid > 0)
		kernel.waitid(P_PID, (id_t)*pid, NULL, WEXITED, NULL);
	errno = s.sys;
	return -1;
}
