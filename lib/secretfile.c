#include "secretfile.h"

#include <fcntl.h>

#include "kernel.h"
#include "memory.h"

int
secretfile_read(struct bytes *into, const char *path, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);

	return fd < 0 ? error_sys(e, "%s", path) : secretfile_take(into, fd, path, e);
}

int
secretfile_take(struct bytes *into, int fd, const char *name, struct error *e)
{
	size_t start = into->len;
	ssize_t n;

	while ((n = kernel_read_some(fd, bytes_reserve(into, 4096), 4096)) != 0) {
		if (n < 0)
			return error_sys(e, "read %s", name);
		into->len += (size_t)n;
		if (into->len - start > SECRETFILE_LIMIT)
			return error_set(e, ERROR_INPUT, "%s: a secret may have %d bytes", name,
			    SECRETFILE_LIMIT - 1);
	}
	if (into->len > start && into->data[into->len - 1] == '\n')
		into->len -= into->len > start + 1 && into->data[into->len - 2] == '\r' ? 2 : 1;
	return 0;
}
