/*
 * limit-append FILE EVENTS SIZE BATCH: the least that keeping events for sure can cost: one write(2) and one
 * fdatasync(2) a batch, to a file that grows. Prints events a second.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct timespec from, to;
	long events, batch;
	size_t size;
	char *bytes;
	int fd;

	if (argc != 5)
		return 2;
	events = atol(argv[2]);
	batch = atol(argv[4]);
	size = (size_t)batch * (size_t)atol(argv[3]);
	bytes = malloc(size);
	memset(bytes, 'x', size);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long done = 0; done < events; done += batch) {
		if (write(fd, bytes, size) != (ssize_t)size || fdatasync(fd) < 0) {
			perror(argv[1]);
			return 1;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.0f\n", (double)events / ((double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9));
	return 0;
}
