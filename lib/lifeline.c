#include "lifeline.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "number.h"

#define VARIABLE "MCI_LIFELINE"

/* A process has one. */
static struct {
	struct loop *loop;
	int fd;
	void (*ended)(void *arg);
	void *arg;
} line;

bool
lifeline_given(void)
{
	const char *text = getenv(VARIABLE);

	return text != NULL && *text != '\0';
}

static void
hung_up(void *arg, uint32_t events)
{
	(void)arg;
	if ((events & (EPOLLHUP | EPOLLERR)) == 0)
		return;
	loop_forget(line.loop, line.fd);
	line.ended(line.arg);
}

int
lifeline_watch(struct loop *loop, void (*ended)(void *arg), void *arg, struct error *e)
{
	const char *text = getenv(VARIABLE);
	struct stat st;
	int64_t fd;

	if (!lifeline_given())
		return 0;
	if (number_parse(text, strlen(text), 3, INT32_MAX, &fd, e) < 0)
		return error_before(e, VARIABLE ": ");
	unsetenv(VARIABLE);
	if (fstat((int)fd, &st) < 0)
		return error_sys(e, VARIABLE ": descriptor %d", (int)fd);
	if (!S_ISFIFO(st.st_mode) || (fcntl((int)fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return error_set(
		    e, ERROR_INPUT, VARIABLE ": descriptor %d is no pipe to read from", (int)fd);
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	line.loop = loop;
	line.fd = (int)fd;
	line.ended = ended;
	line.arg = arg;
	/* nobody writes to it: its end alone is told, which needs no asking */
	return loop_watch(loop, line.fd, 0, hung_up, NULL, e) < 0 ? -1 : 1;
}
