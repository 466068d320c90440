#include "http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "duration.h"
#include "kernel.h"
#include "listener.h"
#include "memory.h"

/* What one connection may have of the daemon: its head, and what is written and not taken yet. */
#define CONNECTION_MEMORY (HTTP_HEAD + 8 * 1024)
/* A body that is longer than what is taken is read on so far, so that its sender reads the answer.
 */
#define SKIPPED ((size_t)1024 * 1024)

/* The daemon closes a connection that it has let go of when it is called the next time, and does not say that
 * it wants to be. */
#define CLEAN_UP (20 * MILLISECOND)

/* A connection, from its beginning to its end. */
struct peer {
	struct http *http;
	struct MHD_Connection *connection;
	int fd;
	int64_t waits; /* since when for a head or a body; 0: it does not */
	char from[INET6_ADDRSTRLEN];
	bool local;
	struct peer *next, **at;
};

struct http {
	struct loop *loop;
	struct http_events events;
	void *arg;
	struct MHD_Daemon *daemon;
	int epoll;
	struct entrance {
		struct http *http;
		struct listener *listener;
	} * *entrances;
	size_t nentrances;
	struct peer *peers;
	size_t npeers;
	struct loop_timer *run, *sweep;
	bool soon; /* run is for now */
	bool ended; /* a request has, in the last turn */
	int64_t patience;
};

/* ---- the daemon in the loop */

static void turn(struct http *h);

static void
again(void *arg)
{
	struct http *h = arg;

	h->run = NULL;
	turn(h);
}

static void
run_soon(struct http *h, int64_t after)
{
	loop_cancel(h->loop, h->run);
	h->run = loop_after(h->loop, after, again, h);
}

/* What is to be done now; and when it wants to be called again, it is. */
static void
turn(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG left;
	int64_t after = -1;

	h->soon = h->ended = false;
	MHD_run(h->daemon);
	if (h->soon)
		return;
	loop_cancel(h->loop, h->run);
	h->run = NULL;
	if (MHD_get_timeout(h->daemon, &left) == MHD_YES)
		after = (int64_t)left * MILLISECOND;
	if (h->ended && (after < 0 || after > CLEAN_UP))
		after = CLEAN_UP;
	if (after >= 0)
		h->run = loop_after(h->loop, after, again, h);
}

static void
ready(void *arg, uint32_t events)
{
	(void)events;
	turn(arg);
}

/* ---- those that take their time */

static void sweep_start(struct http *h);

static void
sweep(void *arg)
{
	struct http *h = arg;
	int64_t late = kernel.now() - h->patience;
	bool any = false;

	h->sweep = NULL;
	for (struct peer *p = h->peers; p != NULL; p = p->next) {
		if (p->waits != 0 && p->waits < late)
			shutdown(p->fd, SHUT_RDWR);
		any = any || p->waits != 0;
	}
	if (any)
		sweep_start(h);
}

static void
sweep_start(struct http *h)
{
	if (h->sweep == NULL)
		h->sweep = loop_after(h->loop, h->patience / 6, sweep, h);
}

static void
wait_for(struct peer *p, bool waits)
{
	p->waits = waits ? kernel.now() : 0;
	if (waits)
		sweep_start(p->http);
}

/* ---- connections */

static void
describe(struct peer *p)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);
	const struct sockaddr_in *four = (const struct sockaddr_in *)&a;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a;

	snprintf(p->from, sizeof(p->from), "unix");
	p->local = true;
	if (getpeername(p->fd, (struct sockaddr *)&a, &n) < 0)
		return;
	if (a.ss_family == AF_INET) {
		inet_ntop(AF_INET, &four->sin_addr, p->from, sizeof(p->from));
		p->local = ntohl(four->sin_addr.s_addr) >> 24 == 127;
	} else if (a.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &six->sin6_addr, p->from, sizeof(p->from));
		p->local = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	}
}

static struct peer *
peer_new(struct http *h, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct peer *p = xmalloc(sizeof(*p));

	*p = (struct peer){ .http = h,
		.connection = c,
		.fd = info->connect_fd,
		.next = h->peers,
		.at = &h->peers };
	if (p->next != NULL)
		p->next->at = &p->next;
	h->peers = p;
	h->npeers++;
	describe(p);
	wait_for(p, true);
	return p;
}

static void
peer_free(struct peer *p)
{
	*p->at = p->next;
	if (p->next != NULL)
		p->next->at = p->at;
	p->http->npeers--;
	free(p);
}

static void
connection_changed(void *arg, struct MHD_Connection *c, void **socket_context,
    enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*socket_context = peer_new(arg, c);
	else if (*socket_context != NULL)
		peer_free(*socket_context);
}

int
http_connect(struct http *h, int fd, struct error *e)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);

	if (getpeername(fd, (struct sockaddr *)&a, &n) < 0 || n < sizeof(sa_family_t)) {
		a.ss_family = AF_UNIX;
		n = sizeof(sa_family_t);
	}
	if (MHD_add_connection(h->daemon, fd, (const struct sockaddr *)&a, n) != MHD_YES)
		return error_set(e, ERROR_LIMIT, "too many connections");
	run_soon(h, 0);
	return 0;
}

static void
accepted(void *arg, int in, int out)
{
	const struct entrance *from = arg;

	(void)out;
	http_connect(from->http, in, NULL);
}

int
http_listen(struct http *h, const char *address, mode_t mode, struct error *e)
{
	struct address a;
	struct entrance *one;

	if (address_parse(&a, address, e) < 0)
		return -1;
	if (a.kind != ADDRESS_TCP && a.kind != ADDRESS_UNIX && a.kind != ADDRESS_FD) {
		address_free(&a);
		return error_set(
		    e, ERROR_USAGE, "%s: HTTP is served at HOST:PORT or unix:PATH", address);
	}
	one = xmalloc(sizeof(*one));
	one->http = h;
	h->entrances = xrealloc(h->entrances, h->nentrances + 1, sizeof(struct entrance *));
	h->entrances[h->nentrances++] = one;
	one->listener = listener_open(h->loop, &a, mode, accepted, one, e);
	address_free(&a);
	return one->listener == NULL ? -1 : 0;
}

/* ---- a request */

static void
soon(void *arg)
{
	struct http *h = arg;

	/* that of a timeout may be far off */
	if (!h->soon)
		run_soon(h, 0);
	h->soon = true;
}

static void *
begin(void *arg, const char *uri, struct MHD_Connection *c)
{
	struct http *h = arg;
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct peer *p = info->socket_context;
	struct exchange *x = exchange_new(c, uri);

	x->loop = h->loop;
	x->peer = p;
	x->fd = p->fd;
	snprintf(x->from, sizeof(x->from), "%s", p->from);
	x->local = p->local;
	x->run = soon;
	x->of = h;
	return x;
}

static void
completed(void *arg, struct MHD_Connection *c, void **con, enum MHD_RequestTerminationCode why)
{
	struct http *h = arg;
	struct exchange *x = *con;

	(void)c;
	(void)why;
	if (x == NULL)
		return;
	*con = NULL;
	h->ended = true;
	wait_for(x->peer, true);
	if (x->begun)
		h->events.ended(h->arg, x);
	exchange_free(x);
}

static enum MHD_Result
queue(struct exchange *x)
{
	wait_for(x->peer, false);
	return exchange_queue(x) ? MHD_YES : MHD_NO;
}

/* A piece of a body that is taken as it comes. The daemon asks again with what was left of it. */
static enum MHD_Result
pour(struct exchange *x, const char *data, size_t *size)
{
	size_t n = x->left ? 0 : x->response != NULL ? *size : x->pour(x, (struct span){ data, *size });

	/* one that has its answer in the middle of its body gets it at the end of that, if it comes soon */
	if (x->response != NULL)
		x->skipped += n;
	if (x->left || x->skipped > SKIPPED)
		return MHD_NO;
	if (x->response != NULL && x->peer->waits == 0)
		wait_for(x->peer, true);
	else if (x->patient)
		wait_for(x->peer, false);
	*size -= n;
	if (*size > 0)
		exchange_suspend(x);
	return MHD_YES;
}

/* Whether more of the request is to come may be asked of the daemon once only: at its head it must
 * be answered or left alone. */
static enum MHD_Result
handle(void *arg, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *size, void **con)
{
	struct http *h = arg;
	struct exchange *x = *con;

	(void)c;
	(void)url;
	if (x == NULL)
		return MHD_NO;
	if (!x->begun) {
		exchange_begin(x, method, version);
		h->events.begun(h->arg, x);
		return x->response != NULL ? queue(x) : MHD_YES;
	}
	if (*size > 0 && x->pour != NULL)
		return pour(x, data, size);
	if (*size > 0) {
		exchange_body_piece(x, data, *size);
		*size = 0;
		return x->skipped > SKIPPED ? MHD_NO : MHD_YES;
	}
	if (!x->asked) {
		x->asked = true;
		wait_for(x->peer, false);
		h->events.asked(h->arg, x);
	}
	if (x->response != NULL)
		return queue(x);
	exchange_suspend(x);
	return MHD_YES;
}

/* Escapes stay as they are: what they mean depends on where they stand. */
static size_t
unescape(void *arg, struct MHD_Connection *c, char *text)
{
	(void)arg;
	(void)c;
	return strlen(text);
}

/* What the daemon has to say is about its clients. */
static void
say_nothing(void *arg, const char *format, va_list ap)
{
	(void)arg;
	(void)format;
	(void)ap;
}

struct http *
http_new(struct loop *loop, const struct http_events *events, void *arg, struct error *e)
{
	struct http *h = xmalloc(sizeof(*h));
	const union MHD_DaemonInfo *info;

	*h = (struct http){ .loop = loop, .events = *events, .arg = arg, .epoll = -1,
	    .patience = HTTP_PATIENCE };
	h->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG,
	    0, NULL, NULL, handle, h, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)HTTP_IDLE, MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_URI_LOG_CALLBACK,
	    begin, h, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED,
	    completed, h, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, h, MHD_OPTION_END);
	info = h->daemon == NULL ? NULL : MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL) {
		error_sys(e, "start the HTTP daemon");
	} else {
		h->epoll = info->listen_fd;
		if (loop_watch(loop, h->epoll, EPOLLIN, ready, h, e) == 0)
			return h;
		h->epoll = -1;
	}
	http_free(h);
	return NULL;
}

void
http_patience(struct http *h, int64_t patience)
{
	h->patience = patience;
}

size_t
http_open(const struct http *h)
{
	return h->npeers;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->nentrances; i++) {
		listener_close(h->entrances[i]->listener);
		free(h->entrances[i]);
	}
	free(h->entrances);
	if (h->epoll >= 0)
		loop_forget(h->loop, h->epoll);
	/* none may be suspended when the daemon stops; their answer goes nowhere */
	for (struct peer *p = h->peers; p != NULL; p = p->next) {
		shutdown(p->fd, SHUT_RDWR);
		MHD_resume_connection(p->connection);
	}
	if (h->daemon != NULL)
		MHD_stop_daemon(h->daemon);
	loop_cancel(h->loop, h->run);
	loop_cancel(h->loop, h->sweep);
	free(h);
}
