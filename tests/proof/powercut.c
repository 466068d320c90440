/*
 * powercut [MOUNTPOINT]: takes the power from a mounted ext4 or XFS: what was not brought to the disk before is
 * gone after umount and mount. (The disk itself is whole: no torn sectors, no cache that lies.) Prints the moments
 * (CLOCK_MONOTONIC, ns) before and after it; without a folder only what time it is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

/* ioctl_fsshutdown: FS_IOC_SHUTDOWN of ext4, XFS_IOC_GOINGDOWN; 2: without writing the journal out */
#define SHUTDOWN _IOR('X', 125, uint32_t)
#define NO_FLUSH 2

static long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

int
main(int argc, char **argv)
{
	uint32_t how = NO_FLUSH;
	long before = now();
	int fd;

	if (argc > 1) {
		fd = open(argv[1], O_RDONLY | O_DIRECTORY);
		before = now();
		if (fd < 0 || ioctl(fd, SHUTDOWN, &how) < 0) {
			perror(argv[1]);
			return 1;
		}
	}
	printf("%ld %ld\n", before, now());
	return 0;
}
