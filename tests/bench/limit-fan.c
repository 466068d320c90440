/*
 * limit-fan SOCKET
 *
 * The least that handing lines from one to many can cost: whole lines of connections that began with "P\n" go, as
 * they come, to all that began with "S\n". Nothing is read in them, nothing is kept but what a reader does not
 * take at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROOM (128 * 1024)

struct end {
	int fd;
	char kind; /* 0 until it has said it */
	char *bytes; /* of a publisher: what was read; of a subscriber: what it did not take */
	size_t at, n, size;
	struct end *next, **where;
};

static int loop;
static struct end *subscribers;

static void
watch(struct end *e, int how, uint32_t events)
{
	epoll_ctl(loop, how, e->fd, &(struct epoll_event){ events, { .ptr = e } });
}

static void
leave(struct end *e)
{
	if (e->where != NULL) {
		*e->where = e->next;
		if (e->next != NULL)
			e->next->where = e->where;
	}
	close(e->fd);
	free(e->bytes);
	free(e);
}

static void
keep(struct end *e, const char *p, size_t n)
{
	if (e->n + n > e->size) {
		e->size = (e->n + n) * 2;
		e->bytes = realloc(e->bytes, e->size);
	}
	memcpy(e->bytes + e->n, p, n);
	e->n += n;
}

static void
hand(struct end *e, const char *p, size_t n)
{
	ssize_t done = 0;

	if (e->n == 0) {
		done = send(e->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done < 0)
			done = 0;
		if ((size_t)done < n)
			watch(e, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	}
	if ((size_t)done < n)
		keep(e, p + done, n - (size_t)done);
}

static void
hand_rest(struct end *e)
{
	ssize_t done = send(e->fd, e->bytes + e->at, e->n - e->at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (done > 0)
		e->at += (size_t)done;
	if (e->at == e->n) {
		e->at = e->n = 0;
		watch(e, EPOLL_CTL_MOD, EPOLLIN);
	}
}

static void
publish(struct end *e)
{
	char *last = memrchr(e->bytes, '\n', e->n);
	size_t n;

	if (last == NULL)
		return;
	n = (size_t)(last + 1 - e->bytes);
	for (struct end *s = subscribers; s != NULL; s = s->next)
		hand(s, e->bytes, n);
	memmove(e->bytes, e->bytes + n, e->n - n);
	e->n -= n;
}

static void
subscribe(struct end *e)
{
	e->next = subscribers;
	e->where = &subscribers;
	if (e->next != NULL)
		e->next->where = &e->next;
	subscribers = e;
	free(e->bytes);
	e->bytes = NULL;
	e->n = e->size = 0;
	if (send(e->fd, "\n", 1, MSG_NOSIGNAL) != 1)
		_exit(1);
}

static void
take(struct end *e)
{
	ssize_t n;
	char unused[64];

	if (e->kind == 'S') {
		if (read(e->fd, unused, sizeof(unused)) <= 0)
			leave(e);
		return;
	}
	n = read(e->fd, e->bytes + e->n, e->kind == 0 ? 2 : e->size - e->n);
	if (n <= 0) {
		if (errno != EAGAIN || n == 0)
			leave(e);
		return;
	}
	if (e->kind == 0) {
		e->kind = e->bytes[0];
		if (e->kind == 'S')
			subscribe(e);
		return;
	}
	e->n += (size_t)n;
	publish(e);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int door = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event events[256];

	if (argc != 2 || strlen(argv[1]) >= sizeof(name.sun_path))
		return 2;
	strcpy(name.sun_path, argv[1]);
	if (bind(door, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(door, 1024) < 0)
		return 1;
	loop = epoll_create1(0);
	epoll_ctl(loop, EPOLL_CTL_ADD, door, &(struct epoll_event){ EPOLLIN, { .ptr = NULL } });
	for (;;) {
		int n = epoll_wait(loop, events, 256, -1);

		for (int i = 0; i < n; i++) {
			struct end *e = events[i].data.ptr;
			int fd;

			if (e == NULL) {
				while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
					e = calloc(1, sizeof(*e));
					*e = (struct end){ .fd = fd, .bytes = malloc(ROOM), .size = ROOM };
					watch(e, EPOLL_CTL_ADD, EPOLLIN);
				}
				continue;
			}
			if ((events[i].events & EPOLLOUT) != 0)
				hand_rest(e);
			if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
				take(e);
		}
	}
}
