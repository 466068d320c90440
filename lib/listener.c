#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "duration.h"
#include "inproc.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "process.h"

#define BATCH 16                    /* connections taken at once */
#define RETRY (100 * MILLISECOND)   /* after running out of descriptors */

struct listener {
	struct loop *loop;
	listener_accept *accept;
	void *arg;
	int fd;                /* a listening socket, else -1 */
	struct inproc *inproc;
	struct loop_timer *retry;
	char *path;            /* of a socket or FIFO that was made here */
	struct stat made;
	bool own_user;         /* others are turned away */
	bool held;             /* for others */
};

static void ready(void *arg, uint32_t events);

int
listener_descriptor(const struct listener *l)
{
	return l->inproc != NULL ? inproc_descriptor(l->inproc) : l->fd;
}

static int
start(struct listener *l, struct error *e)
{
	return l->held ? 0 : loop_watch(l->loop, listener_descriptor(l), EPOLLIN, ready, l, e);
}

static void
again(void *arg)
{
	struct listener *l = arg;

	l->retry = NULL;
	start(l, NULL);
}

static bool
welcome(const struct listener *l, int fd)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (!l->own_user)
		return true;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 &&
	    (cred.uid == geteuid() || cred.uid == 0);
}

static int
accept_one(struct listener *l)
{
	return l->inproc != NULL ? inproc_accept(l->inproc) : kernel.accept(l->fd);
}

static void
ready(void *arg, uint32_t events)
{
	struct listener *l = arg;

	(void)events;
	for (int i = 0; i < BATCH; i++) {
		int fd = accept_one(l);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			/* the connection stays in the queue: looking at it at once would spin */
			loop_forget(l->loop, listener_descriptor(l));
			l->retry = loop_after(l->loop, RETRY, again, l);
		}
		if (fd < 0)
			return;
		if (welcome(l, fd))
			l->accept(l->arg, fd, fd);
		else
			close(fd);
	}
}

/* Whether whoever called listen(2) on the socket that fd is connected to has ended. */
static bool
left_alone(int fd)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 && cred.pid > 0 &&
	    process_has_ended(cred.pid);
}

/* Whether a socket file is left over from a server that is gone; of one that is held, from who held it. */
static bool
stale(const struct sockaddr_un *name, bool held)
{
	struct stat st;
	int fd, sys;

	if (lstat(name->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	sys = kernel.connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 ? errno : 0;
	if (sys == 0 && held && left_alone(fd))
		sys = ECONNREFUSED;
	close(fd);
	return sys == ECONNREFUSED;
}

static int
unix_bind(struct listener *l, const struct address *a, mode_t mode, struct error *e)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const struct sockaddr *where = (const struct sockaddr *)&name;

	memcpy(name.sun_path, a->path, strlen(a->path));
	/* the file is born with the mode of the socket, so there is no moment when it is open to all */
	if (fchmod(l->fd, mode) < 0)
		return error_sys(e, "%s: chmod", a->text);
	if (bind(l->fd, where, sizeof(name)) < 0) {
		if (errno != EADDRINUSE)
			return error_sys(e, "%s", a->text);
		if (!stale(&name, l->held))
			return error_set(e, ERROR_BUSY, "%s: in use", a->text);
		(void)names_remove(AT_FDCWD, name.sun_path, NULL);
		if (bind(l->fd, where, sizeof(name)) < 0)
			return error_sys(e, "%s", a->text);
	}
	l->path = xstrdup(a->path);
	if (chmod(a->path, mode) < 0 || lstat(a->path, &l->made) < 0 || listen(l->fd, SOMAXCONN) < 0)
		return error_sys(e, "%s", a->text);
	return 0;
}

static int
unix_listen(struct listener *l, const struct address *a, mode_t mode, struct error *e)
{
	l->own_user = (mode & 077) == 0;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return error_sys(e, "%s: socket", a->text);
	return unix_bind(l, a, mode, e) < 0 ? -1 : start(l, e);
}

/* One of the host's addresses; errno on failure. */
static bool
tcp_bind(struct listener *l, const struct addrinfo *one)
{
	int on = 1;

	l->fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return false;
	/* what is left of connections of the last server is no other server */
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (one->ai_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(l->fd, one->ai_addr, one->ai_addrlen) == 0 && listen(l->fd, SOMAXCONN) == 0)
		return true;
	on = errno;
	close(l->fd);
	l->fd = -1;
	errno = on;
	return false;
}

static int
tcp_listen(struct listener *l, const struct address *a, struct error *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	AUTO_FREE char *port = xformat("%d", a->port);
	struct addrinfo *all, *one;
	int got = getaddrinfo(a->path, port, &hints, &all);

	if (got != 0)
		return error_set(e, ERROR_INPUT, "%s: %s", a->text, gai_strerror(got));
	one = all;
	while (one != NULL && !tcp_bind(l, one))
		one = one->ai_next;
	got = errno;
	freeaddrinfo(all);
	errno = got;
	if (l->fd < 0 && errno == EADDRINUSE)
		return error_set(e, ERROR_BUSY, "%s: another program listens there already", a->text);
	return l->fd < 0 ? error_sys(e, "%s", a->text) : start(l, e);
}

/* Opened for both directions, so that there always is a writer and the last one leaving is no
 * end. */
static int
fifo_listen(struct listener *l, const struct address *a, mode_t mode, struct error *e)
{
	struct stat st;
	int fd;

	if (mkfifo(a->path, mode) == 0) {
		l->path = xstrdup(a->path);
		lstat(a->path, &l->made);
	} else if (errno != EEXIST) {
		return error_sys(e, "%s", a->text);
	}
	fd = kernel.open(AT_FDCWD, a->path, O_RDWR | O_NONBLOCK, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode)) {
		if (fd >= 0) {
			close(fd);
			return error_set(e, ERROR_INPUT, "%s: not a FIFO", a->text);
		}
		return error_sys(e, "%s", a->text);
	}
	if (l->held)
		l->fd = fd;
	else
		l->accept(l->arg, fd, -1);
	return 0;
}

static int
fd_listen(struct listener *l, const struct address *a, struct error *e)
{
	int listening = 0, in, out;
	socklen_t n = sizeof(listening);

	if (address_directions(a->fd, &in, &out, e) < 0)
		return -1;
	fcntl(a->fd, F_SETFD, FD_CLOEXEC);
	if (getsockopt(a->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening) {
		l->fd = a->fd;
		fcntl(l->fd, F_SETFL, fcntl(l->fd, F_GETFL) | O_NONBLOCK);
		return start(l, e);
	}
	if (in < 0)
		return error_set(e, ERROR_INPUT, "%s: cannot be read from", a->text);
	l->accept(l->arg, in, out);
	return 0;
}

static int
inproc_start(struct listener *l, const struct address *a, struct error *e)
{
	l->inproc = inproc_listen(a->path, e);
	return l->inproc == NULL ? -1 : start(l, e);
}

static int
stdio_listen(struct listener *l, struct error *e)
{
	int in, out;

	if (address_stdio(&in, &out, e) < 0)
		return -1;
	l->accept(l->arg, in, out);
	return 0;
}

static int
open_kind(struct listener *l, const struct address *a, mode_t mode, struct error *e)
{
	switch (a->kind) {
	case ADDRESS_STDIO:
		return stdio_listen(l, e);
	case ADDRESS_FD:
		return fd_listen(l, a, e);
	case ADDRESS_FIFO:
		return fifo_listen(l, a, mode, e);
	case ADDRESS_UNIX:
		return unix_listen(l, a, mode, e);
	case ADDRESS_INPROC:
		return inproc_start(l, a, e);
	case ADDRESS_TCP:
		return tcp_listen(l, a, e);
	case ADDRESS_EXEC:
	case ADDRESS_HTTP:
		break;
	}
	return error_set(e, ERROR_INPUT, "%s: a server cannot listen there", a->text);
}

struct listener *
listener_open(struct loop *loop, const struct address *a, mode_t mode, listener_accept *accept,
    void *arg, struct error *e)
{
	struct listener *l = xmalloc(sizeof(*l));

	*l = (struct listener){ .loop = loop, .accept = accept, .arg = arg, .fd = -1 };
	if (open_kind(l, a, mode == 0 ? 0600 : mode, e) == 0)
		return l;
	listener_close(l);
	return NULL;
}

struct listener *
listener_hold(const struct address *a, mode_t mode, struct error *e)
{
	struct listener *l = xmalloc(sizeof(*l));
	int result = -1;

	*l = (struct listener){ .fd = -1, .held = true };
	if (a->kind == ADDRESS_UNIX)
		result = unix_listen(l, a, mode == 0 ? 0600 : mode, e);
	else if (a->kind == ADDRESS_TCP)
		result = tcp_listen(l, a, e);
	else if (a->kind == ADDRESS_FIFO)
		result = fifo_listen(l, a, mode == 0 ? 0600 : mode, e);
	else
		error_set(e, ERROR_INPUT,
		    "%s: cannot be held for others: expected unix:PATH, HOST:PORT or fifo:PATH",
		    a->text);
	if (result == 0)
		return l;
	listener_close(l);
	return NULL;
}

/* "127.0.0.1:3000", "[::1]:3000" */
static char *
tcp_where(const struct sockaddr *name, socklen_t n)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(name, n, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return NULL;
	return strchr(host, ':') != NULL ? xformat("[%s]:%s", host, port) : xformat("%s:%s", host, port);
}

char *
listener_where(const struct listener *l)
{
	struct sockaddr_storage name = { 0 };
	struct sockaddr_un local;
	socklen_t n = sizeof(name);

	if (l->fd < 0 || getsockname(l->fd, (struct sockaddr *)&name, &n) < 0)
		return NULL;
	if (name.ss_family == AF_INET || name.ss_family == AF_INET6)
		return tcp_where((const struct sockaddr *)&name, n);
	if (name.ss_family != AF_UNIX || n <= offsetof(struct sockaddr_un, sun_path))
		return NULL;
	memcpy(&local, &name, sizeof(local));
	return xformat("unix:%.*s", (int)sizeof(local.sun_path), local.sun_path);
}

bool
listener_goes_on(const struct listener *l)
{
	return l->fd >= 0 || l->inproc != NULL;
}

/* Only the file that was made here: a newer server may have replaced it. */
static void
remove_made(const struct listener *l)
{
	struct stat st;

	if (l->path != NULL && lstat(l->path, &st) == 0 && st.st_dev == l->made.st_dev &&
	    st.st_ino == l->made.st_ino)
		(void)names_remove(AT_FDCWD, l->path, NULL);
}

void
listener_close(struct listener *l)
{
	if (l == NULL)
		return;
	if (!l->held) {
		loop_cancel(l->loop, l->retry);
		loop_forget(l->loop, listener_descriptor(l));
	}
	remove_made(l);
	if (l->inproc != NULL)
		inproc_close(l->inproc);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l);
}
