/*
 * limit-sequence FILE SYNCS PROGRAM...: the least that a build on a server can cost: each PROGRAM is started to
 * say its version and waited for, one after the other, and so many lines are written to FILE, each with an
 * fdatasync(2).
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int
main(int argc, char **argv)
{
	char line[256];
	int fd, status = 0;

	if (argc < 3)
		return 2;
	memset(line, 'x', sizeof(line));
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666);
	for (long i = atol(argv[2]); i > 0; i--) {
		if (write(fd, line, sizeof(line)) != (ssize_t)sizeof(line) || fdatasync(fd) < 0) {
			perror(argv[1]);
			return 1;
		}
	}
	for (int i = 3; i < argc; i++) {
		char version[] = "--version", *words[] = { argv[i], version, NULL };
		pid_t pid;

		if (posix_spawnp(&pid, argv[i], NULL, NULL, words, environ) != 0 || waitpid(pid, &status, 0) < 0)
			return 1;
	}
	return status != 0;
}
