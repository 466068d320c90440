#include "descent.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

static void
leave(struct descent *d)
{
	close(d->levels[--d->depth].fd);
	d->path.len = d->depth == 0 ? 0 : d->levels[d->depth - 1].length;
}

/* Whether the deepest folder is the first n bytes of path, or above that. */
static bool
is_above(const struct descent *d, const char *path, size_t n)
{
	size_t length = d->path.len;

	return length == 0 || (length <= n && memcmp(d->path.data, path, length) == 0 &&
	    (length == n || path[length] == '/'));
}

int
descent_enter(struct descent *d, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path), from;
	char rest[4096];
	int fd;

	*name = slash == NULL ? path : slash + 1;
	while (d->depth > 0 && !is_above(d, path, n))
		leave(d);
	if (d->depth == DESCENT_DEPTH && d->path.len < n)
		leave(d);
	fd = d->depth == 0 ? d->root : d->levels[d->depth - 1].fd;
	if (d->path.len == n || n >= sizeof(rest))
		return n < sizeof(rest) ? fd : -1;
	from = d->path.len == 0 ? 0 : d->path.len + 1;
	memcpy(rest, path + from, n - from);
	rest[n - from] = '\0';
	fd = kernel.open_beneath(fd, rest, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return -1;
	bytes_add(&d->path, path + d->path.len, n - d->path.len);
	d->levels[d->depth++] = (struct descent_level){ fd, n };
	return fd;
}

void
descent_end(struct descent *d)
{
	while (d->depth > 0)
		leave(d);
	bytes_free(&d->path);
}
