#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "children.h"
#include "duration.h"
#include "inproc.h"
#include "kernel.h"
#include "memory.h"

/* How long a child may stay after its input has ended, and after TERM. */
#define STAY (1 * SECOND)
#define GRACE (5 * SECOND)

struct exec {
	struct loop *loop;
	struct child *child; /* NULL: it has ended */
	bool linked;
	struct loop_timer *timer;
	struct exec *next;
};

/* Those that are not over yet, of all loops: each is one thread's at a time, not always the same one's. */
static struct exec *execs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
exec_free(struct exec *x)
{
	struct exec **at = &execs;

	pthread_mutex_lock(&lock);
	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	pthread_mutex_unlock(&lock);
	free(x);
}

static void
exec_ended(void *arg, int status, const struct rusage *usage)
{
	struct exec *x = arg;

	(void)status;
	(void)usage;
	child_signal_group(x->child, SIGTERM);
	child_free(x->child);
	x->child = NULL;
	loop_cancel(x->loop, x->timer);
	x->timer = NULL;
	if (!x->linked)
		exec_free(x);
}

static void
exec_kill(void *arg)
{
	struct exec *x = arg;

	x->timer = NULL;
	child_signal_group(x->child, SIGKILL);
}

static void
exec_term(void *arg)
{
	struct exec *x = arg;

	child_signal_group(x->child, SIGTERM);
	x->timer = loop_after(x->loop, GRACE, exec_kill, x);
}

/* The link is freed and with it the child's input. */
static void
exec_unlinked(void *arg)
{
	struct exec *x = arg;

	x->linked = false;
	if (x->child == NULL)
		exec_free(x);
	else
		x->timer = loop_after(x->loop, STAY, exec_term, x);
}

static struct exec *
exec_start(struct loop *loop, const struct process_spec *p, struct error *e)
{
	struct exec *x = xmalloc(sizeof(*x));

	*x = (struct exec){ .loop = loop, .linked = true };
	x->child = child_start(loop, p, exec_ended, x, e);
	if (x->child == NULL) {
		free(x);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	x->next = execs;
	execs = x;
	pthread_mutex_unlock(&lock);
	return x;
}

static struct link *
exec_open(struct loop *loop, const struct address *a, char *const *argv, const struct link_events *events,
    void *arg, struct error *e)
{
	struct process_spec p = { .path = argv[0], .argv = argv, .err = 2, .group = true };
	int to[2], from[2];
	struct exec *x;
	struct link *l;

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
	x = exec_start(loop, &p, e);
	close(to[0]);
	close(from[1]);
	if (x == NULL) {
		close(to[1]);
		close(from[0]);
		return NULL;
	}
	l = link_take(loop, from[0], to[1], events, arg, e);
	if (l != NULL)
		link_on_release(l, exec_unlinked, x);
	else
		exec_unlinked(x);
	return l;
}

/* What goes wrong comes as a line by which calls fail: nothing is said besides. */
static struct link *
relay_open(struct loop *loop, const struct address *a, const struct link_events *events, void *arg,
    struct error *e)
{
	AUTO_FREE char *relay = process_kit("mci-relay");
	char *argv[] = { relay, "-q", a->text, NULL };

	return exec_open(loop, a, argv, events, arg, e);
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
	case ADDRESS_TCP:
	case ADDRESS_EXEC:
	case ADDRESS_HTTP:
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
		return exec_open(loop, a, a->argv, events, arg, e);
	if (a->kind == ADDRESS_HTTP || a->kind == ADDRESS_TCP)
		return relay_open(loop, a, events, arg, e);
	if (connect_descriptors(a, &in, &out, e) < 0)
		return NULL;
	return link_take(loop, in, out, events, arg, e);
}

/* One of the loop that nobody is connected to any more; NULL. */
static struct exec *
exec_unused(const struct loop *loop)
{
	struct exec *x;

	pthread_mutex_lock(&lock);
	for (x = execs; x != NULL && (x->loop != loop || x->linked);)
		x = x->next;
	pthread_mutex_unlock(&lock);
	return x;
}

/* Of one that was killed with all others nobody tells any more. */
static bool
exec_left(const struct loop *loop)
{
	struct exec *x;

	while ((x = exec_unused(loop)) != NULL) {
		if (!child_is_reaped(x->child))
			return true;
		loop_cancel(x->loop, x->timer);
		child_free(x->child);
		exec_free(x);
	}
	return false;
}

void
connect_reap(struct loop *loop)
{
	while (exec_left(loop) && loop_round(loop, -1, NULL) == 0)
		;
}
