#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "duration.h"
#include "inproc.h"
#include "kernel.h"
#include "memory.h"
#include "process.h"

/* How long a child may stay after its input has ended, and after TERM. */
#define STAY (1 * SECOND)
#define GRACE (5 * SECOND)

struct child {
	struct loop *loop;
	pid_t pid;
	int pidfd;
	bool linked;
	struct loop_timer *timer;
	struct child *next;
};

/* Children of this thread that are not reaped yet. */
static _Thread_local struct child *children;

static void
child_free(struct child *c)
{
	struct child **at = &children;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}

static void
child_ended(void *arg, uint32_t events)
{
	struct child *c = arg;

	(void)events;
	/* the zombie still holds the group's number, so this reaches nobody else */
	kill(-c->pid, SIGTERM);
	waitid(P_PID, (id_t)c->pid, &(siginfo_t){ 0 }, WEXITED);
	loop_cancel(c->loop, c->timer);
	c->timer = NULL;
	loop_forget(c->loop, c->pidfd);
	close(c->pidfd);
	c->pidfd = -1;
	if (!c->linked)
		child_free(c);
}

static void
child_kill(void *arg)
{
	struct child *c = arg;

	c->timer = NULL;
	kill(-c->pid, SIGKILL);
}

static void
child_term(void *arg)
{
	struct child *c = arg;

	kill(-c->pid, SIGTERM);
	c->timer = loop_after(c->loop, GRACE, child_kill, c);
}

/* The link is freed and with it the child's input. */
static void
child_unlinked(void *arg)
{
	struct child *c = arg;

	c->linked = false;
	if (c->pidfd < 0)
		child_free(c);
	else
		c->timer = loop_after(c->loop, STAY, child_term, c);
}

static int
child_watch(struct loop *loop, pid_t pid, struct child **out, struct error *e)
{
	struct child *c = xmalloc(sizeof(*c));

	*c = (struct child){ .loop = loop, .pid = pid, .linked = true, .next = children };
	c->pidfd = process_pidfd(pid);
	if (c->pidfd < 0 || loop_watch(loop, c->pidfd, EPOLLIN, child_ended, c, e) < 0) {
		if (c->pidfd >= 0)
			close(c->pidfd);
		else
			error_sys(e, "pidfd of process %d", (int)pid);
		kill(-pid, SIGKILL);
		waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED);
		free(c);
		return -1;
	}
	children = c;
	*out = c;
	return 0;
}

static struct link *
exec_link(struct loop *loop, pid_t pid, int in, int out, const struct link_events *events, void *arg,
    struct error *e)
{
	struct child *c;
	struct link *l;

	if (child_watch(loop, pid, &c, e) < 0) {
		close(in);
		close(out);
		return NULL;
	}
	l = link_take(loop, in, out, events, arg, e);
	if (l != NULL)
		link_on_release(l, child_unlinked, c);
	else
		child_unlinked(c);
	return l;
}

static struct link *
exec_open(struct loop *loop, const struct address *a, const struct link_events *events, void *arg,
    struct error *e)
{
	struct process_spec p = { .path = a->argv[0], .argv = a->argv, .err = 2, .group = true };
	int to[2], from[2];
	pid_t pid;
	int result;

	if (pipe2(to, O_CLOEXEC) < 0) {
		error_sys(e, "%s: pipe", a->text);
		return NULL;
	}
	if (pipe2(from, O_CLOEXEC) < 0) {
		error_sys(e, "%s: pipe", a->text);
		close(to[0]);
		close(to[1]);
		return NULL;
	}
	p.in = to[0];
	p.out = from[1];
	result = process_spawn(&pid, &p, e);
	close(to[0]);
	close(from[1]);
	if (result < 0) {
		close(to[1]);
		close(from[0]);
		return NULL;
	}
	return exec_link(loop, pid, from[0], to[1], events, arg, e);
}

/* Says for people and programs what a failed connect means. */
static int
refused(const struct address *a, struct error *e)
{
	int sys = errno;

	error_sys(e, "%s", a->text);
	if (e == NULL)
		return -1;
	if (sys == ECONNREFUSED || sys == ENOENT || sys == ENXIO)
		e->code = ERROR_DISCONNECTED;
	else if (sys == EAGAIN)
		e->code = ERROR_BUSY;
	else if (sys == EACCES || sys == EPERM)
		e->code = ERROR_REFUSED;
	return -1;
}

static int
unix_open(const struct address *a, struct error *e)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_sys(e, "%s: socket", a->text);
	memcpy(name.sun_path, a->path, strlen(a->path));
	if (kernel.connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	refused(a, e);
	close(fd);
	return -1;
}

static int
fifo_open(const struct address *a, struct error *e)
{
	int fd = kernel.open(AT_FDCWD, a->path, O_WRONLY | O_NONBLOCK, 0);

	return fd >= 0 ? fd : refused(a, e);
}

int
connect_descriptors(const struct address *a, int *in, int *out, struct error *e)
{
	switch (a->kind) {
	case ADDRESS_STDIO:
		return address_stdio(in, out, e);
	case ADDRESS_FD:
		return address_directions(a->fd, in, out, e);
	case ADDRESS_FIFO:
		*in = -1;
		*out = fifo_open(a, e);
		return *out < 0 ? -1 : 0;
	case ADDRESS_UNIX:
		*in = *out = unix_open(a, e);
		return *in < 0 ? -1 : 0;
	case ADDRESS_INPROC:
		*in = *out = inproc_connect(a->path, e);
		return *in < 0 ? -1 : 0;
	case ADDRESS_EXEC:
		break;
	}
	return error_set(e, ERROR_INTERNAL, "%s: a child is more than its descriptors", a->text);
}

struct link *
connect_open(struct loop *loop, const struct address *a, const struct link_events *events, void *arg,
    struct error *e)
{
	int in, out;

	if (a->kind == ADDRESS_EXEC)
		return exec_open(loop, a, events, arg, e);
	if (connect_descriptors(a, &in, &out, e) < 0)
		return NULL;
	return link_take(loop, in, out, events, arg, e);
}

static bool
child_left(const struct loop *loop)
{
	for (const struct child *c = children; c != NULL; c = c->next) {
		if (c->loop == loop && !c->linked)
			return true;
	}
	return false;
}

void
connect_reap(struct loop *loop)
{
	while (child_left(loop) && loop_round(loop, -1, NULL) == 0)
		;
}
