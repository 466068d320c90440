#include "standard.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "kernel.h"
#include "process.h"
#include "safe.h"

struct stream {
	int fd;
	bool terminal;
	struct safe safe;
};

static struct stream streams[] = {
	[STDOUT_FILENO] = { .fd = STDOUT_FILENO, .safe.color = true },
	[STDERR_FILENO] = { .fd = STDERR_FILENO },
};

int
standard_write(int fd, const void *p, size_t n)
{
	struct stream *s = &streams[fd];
	AUTO_BYTES shown = { 0 };

	if (!s->terminal)
		return kernel_write_all(fd, p, n);
	safe_add(&s->safe, &shown, p, n);
	/* a message is whole, and the next one may be somebody else's */
	if (fd == STDERR_FILENO)
		safe_end(&s->safe, &shown);
	return kernel_write_all(fd, shown.data, shown.len);
}

void
standard_color(bool color)
{
	streams[STDOUT_FILENO].safe.color = color;
}

/* What standard output ends in the middle of. */
static void
finish(void)
{
	struct stream *s = &streams[STDOUT_FILENO];
	AUTO_BYTES shown = { 0 };

	if (fflush(stdout) != 0)
		return;
	safe_end(&s->safe, &shown);
	(void)!kernel_write_all(s->fd, shown.data, shown.len);
}

/* For stdio 0 is the failure. */
static ssize_t
write_out(void *cookie, const char *p, size_t n)
{
	const struct stream *s = cookie;

	return standard_write(s->fd, p, n) < 0 ? 0 : (ssize_t)n;
}

static void
replace(FILE **file, struct stream *s, int mode)
{
	FILE *new = fopencookie(s, "w", (cookie_io_functions_t){ .write = write_out });

	/* without memory for it the one of the C library has to do */
	if (new == NULL)
		return;
	s->terminal = isatty(s->fd) == 1;
	setvbuf(new, NULL, s->terminal && mode == _IOFBF ? _IOLBF : mode, BUFSIZ);
	*file = new;
}

void
standard_begin(void)
{
	process_begin();
	replace(&stdout, &streams[STDOUT_FILENO], _IOFBF);
	replace(&stderr, &streams[STDERR_FILENO], _IONBF);
	if (streams[STDOUT_FILENO].terminal)
		atexit(finish);
}
