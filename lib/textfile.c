#include "textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"

int
textfile_read(struct bytes *into, const char *path, size_t limit, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	size_t start = into->len;
	ssize_t n;

	if (fd < 0)
		return error_sys(e, "%s", path);
	while ((n = kernel.read(fd, bytes_reserve(into, 4096), 4096)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(e, "read %s", path);
		into->len += (size_t)n;
		if (into->len - start > limit)
			return error_set(e, ERROR_LIMIT, "%s: longer than %zu bytes", path, limit);
	}
	return 0;
}

bool
textfile_line(struct textfile_lines *l, struct span *line)
{
	static const char mark[] = "\xef\xbb\xbf";
	const char *end;

	if (l->number == 0 && l->rest.n >= 3 && memcmp(l->rest.p, mark, 3) == 0)
		l->rest = (struct span){ l->rest.p + 3, l->rest.n - 3 };
	if (l->rest.n == 0)
		return false;
	end = memchr(l->rest.p, '\n', l->rest.n);
	*line = (struct span){ l->rest.p, end != NULL ? (size_t)(end - l->rest.p) : l->rest.n };
	l->rest.p += line->n + (end != NULL);
	l->rest.n -= line->n + (end != NULL);
	if (end != NULL && line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	l->number++;
	return true;
}
