#include "record.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "names.h"

int
record_write(int dir, const char *name, struct span text, struct error *e)
{
	AUTO_FREE char *fresh = xformat("%s.new", name);
	AUTO_CLOSE int fd = kernel.open(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return error_sys(e, "create %s", fresh);
	if (kernel_write_all(fd, text.p, text.n) < 0) {
		error_sys(e, "write %s", fresh);
		(void)names_remove(dir, fresh, NULL);
		return -1;
	}
	return names_publish(fd, dir, fresh, name, e);
}

int
record_integer(struct span line, const char *key, int64_t min, int64_t *out, struct error *e)
{
	struct scan_value v;
	int got = message_member(line.p, line.n, key, &v, e);

	if (got == 0)
		return error_set(e, ERROR_INPUT, "%s is missing", key);
	if (got < 0 || scan_integer(&v, min, INT64_MAX, out, e) < 0)
		return error_before(e, "%s: ", key);
	return 0;
}
