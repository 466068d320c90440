#include "inproc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

/* Ends of new connections travel to the service as numbers through a pipe: all are in one
 * process. */
struct inproc {
	char *name;
	int give, take;
	struct inproc *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct inproc *services;

static struct inproc **
find(const char *name)
{
	struct inproc **at = &services;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

struct inproc *
inproc_listen(const char *name, struct error *e)
{
	struct inproc *s = NULL, **at;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		error_sys(e, "inproc:%s: pipe", name);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	at = find(name);
	if (*at == NULL) {
		s = xmalloc(sizeof(*s));
		*s = (struct inproc){ xstrdup(name), ends[1], ends[0], NULL };
		*at = s;
	}
	pthread_mutex_unlock(&lock);
	if (s == NULL) {
		close(ends[0]);
		close(ends[1]);
		error_set(e, ERROR_BUSY, "inproc:%s: another service has this name", name);
	}
	return s;
}

int
inproc_descriptor(const struct inproc *s)
{
	return s->take;
}

int
inproc_accept(struct inproc *s)
{
	int fd;

	return kernel.read(s->take, &fd, sizeof(fd)) == (ssize_t)sizeof(fd) ? fd : -1;
}

void
inproc_close(struct inproc *s)
{
	int fd;

	pthread_mutex_lock(&lock);
	*find(s->name) = s->next;
	pthread_mutex_unlock(&lock);
	while ((fd = inproc_accept(s)) >= 0)
		close(fd);
	close(s->give);
	close(s->take);
	free(s->name);
	free(s);
}

static int
give(const char *name, int fd, struct error *e)
{
	struct inproc *s;
	int result = 0;

	pthread_mutex_lock(&lock);
	s = *find(name);
	if (s == NULL)
		result = error_set(e, ERROR_DISCONNECTED, "inproc:%s: no service of that name", name);
	else if (kernel.write(s->give, &fd, sizeof(fd)) != (ssize_t)sizeof(fd))
		result = error_set(e, ERROR_BUSY, "inproc:%s: too many connections wait", name);
	pthread_mutex_unlock(&lock);
	return result;
}

int
inproc_connect(const char *name, struct error *e)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return error_sys(e, "inproc:%s: socketpair", name);
	if (give(name, ends[1], e) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	return ends[0];
}
