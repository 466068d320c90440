#include "secretfile.h"

#include <fcntl.h>

#include "kernel.h"
#include "memory.h"

int
secretfile_read(struct bytes *into, const char *path, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	size_t start = into->len;
	ssize_t n;

	if (fd < 0)
		return error_sys(e, "%s", path);
	while ((n = kernel_read_some(fd, bytes_reserve(into, 4096), 4096)) != 0) {
		if (n < 0)
			return error_sys(e, "read %s", path);
		into->len += (size_t)n;
		if (into->len - start > SECRETFILE_LIMIT)
			return error_set(e, ERROR_INPUT, "%s: a secret may have %d bytes", path,
			    SECRETFILE_LIMIT - 1);
	}
	if (into->len > start && into->data[into->len - 1] == '\n')
		into->len -= into->len > start + 1 && into->data[into->len - 2] == '\r' ? 2 : 1;
	return 0;
}
