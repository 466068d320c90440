#include "systemd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "number.h"

void
systemd_say(const struct systemd *s, const char *lines)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t n = s->socket == NULL ? 0 : strlen(s->socket);
	AUTO_CLOSE int fd = -1;

	if (n == 0 || n >= sizeof(name.sun_path))
		return;
	memcpy(name.sun_path, s->socket, n);
	/* one in the abstract namespace */
	if (name.sun_path[0] == '@')
		name.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		(void)sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)&name,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

static void
are_well(void *arg)
{
	struct systemd *s = arg;

	s->timer = loop_after(s->loop, s->watchdog, are_well, s);
	systemd_say(s, "WATCHDOG=1");
}

static int64_t
variable(const char *name)
{
	const char *text = getenv(name);
	int64_t number;

	return text == NULL ||
		number_parse(text, strlen(text), 1, INT64_MAX / 1000, &number, NULL) < 0 ?
	    0 :
	    number;
}

void
systemd_open(struct systemd *s, struct loop *loop)
{
	const char *socket = getenv("NOTIFY_SOCKET");
	int64_t pid = variable("WATCHDOG_PID");

	*s = (struct systemd){ .loop = loop, .socket = socket == NULL ? NULL : xstrdup(socket) };
	/* microseconds, of which half is to pass */
	if (pid == 0 || pid == getpid())
		s->watchdog = variable("WATCHDOG_USEC") * 1000 / 2;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (s->socket != NULL && s->watchdog > 0)
		are_well(s);
}

void
systemd_reloading(const struct systemd *s)
{
	AUTO_FREE char *lines =
	    xformat("RELOADING=1\nMONOTONIC_USEC=%" PRId64, kernel.now() / 1000);

	systemd_say(s, lines);
}

void
systemd_close(struct systemd *s)
{
	loop_cancel(s->loop, s->timer);
	free(s->socket);
	*s = (struct systemd){ 0 };
}
