#include "syscalls.h"

#include <linux/filter.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include <seccomp/filter.h> /* filter */

int
syscalls_filter(struct error *e)
{
	int fd = memfd_create("seccomp", MFD_CLOEXEC);

	if (fd >= 0 && kernel_write_all(fd, filter, sizeof(filter)) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	error_sys(e, "a file in memory");
	memory_close(&fd);
	return -1;
}
