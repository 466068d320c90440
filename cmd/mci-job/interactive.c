#include "interactive.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

#define PIECE 4096

/* We are in no foreground group that would be told (SIGWINCH), so it is looked at whenever something
 * happens. */
static void
size_follow(struct interactive *t)
{
	struct winsize now;

	if (ioctl(t->terminal, TIOCGWINSZ, &now) < 0 ||
	    (now.ws_row == t->size.ws_row && now.ws_col == t->size.ws_col))
		return;
	t->size = now;
	(void)ioctl(t->pty, TIOCSWINSZ, &now);
}

static void
typed(void *arg, uint32_t events)
{
	struct interactive *t = arg;
	char text[PIECE];
	ssize_t n = kernel.read(t->terminal, text, sizeof(text));

	(void)events;
	size_follow(t);
	if (n > 0)
		(void)kernel_write_all(t->pty, text, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		loop_forget(t->loop, t->terminal);
}

int
interactive_begin(struct interactive *t, struct loop *loop, int pty, struct error *e)
{
	struct termios raw;

	*t = (struct interactive){ .loop = loop, .pty = pty };
	t->terminal = kernel.open(AT_FDCWD, "/proc/self/fd/0", O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
	if (t->terminal < 0 || tcgetattr(t->terminal, &t->was) < 0)
		return error_sys(e, "standard input");
	raw = t->was;
	cfmakeraw(&raw);
	if (tcsetattr(t->terminal, TCSADRAIN, &raw) < 0)
		return error_sys(e, "standard input");
	t->raw = true;
	size_follow(t);
	return loop_watch(loop, t->terminal, EPOLLIN, typed, t, e);
}

bool
interactive_show(struct interactive *t)
{
	char text[PIECE];
	ssize_t n;

	size_follow(t);
	while ((n = kernel.read(t->pty, text, sizeof(text))) > 0)
		(void)kernel_write_all(t->terminal, text, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

void
interactive_end(struct interactive *t)
{
	if (!t->raw)
		return;
	(void)tcsetattr(t->terminal, TCSADRAIN, &t->was);
	memory_close(&t->terminal);
	t->raw = false;
}
