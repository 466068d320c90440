/*
 * measure [-n ROUNDS] [-i FILE] [-b COMMAND] NAME PROGRAM [ARGUMENT...] [--- NAME PROGRAM...]...
 *
 * Runs the commands in turns, so that whatever else the machine does hits all alike, and prints a line for
 * each: name, median and least wall time, median processor time (milliseconds), largest resident size (KiB)
 * of it or any child that it waited for. -i is their standard input, -b runs before each and is not measured.
 * Their output goes to /dev/null. A command that fails ends it all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 16

struct command {
	char **argv; /* argv[0] is the name */
	double wall[100], cpu[100];
	long rss;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
run(struct command *c, int round, const char *input)
{
	double start = now();
	struct rusage u;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		int in = open(input, O_RDONLY), out = open("/dev/null", O_WRONLY);

		dup2(in, 0);
		dup2(out, 1);
		execvp(c->argv[1], c->argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid) {
		perror("measure");
		exit(1);
	}
	if (status != 0) {
		fprintf(stderr, "measure: %s: status %x\n", c->argv[1], (unsigned)status);
		exit(1);
	}
	c->wall[round] = now() - start;
	c->cpu[round] = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
	if (u.ru_maxrss > c->rss)
		c->rss = u.ru_maxrss;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	static struct command commands[MOST];
	const char *input = "/dev/null", *before = NULL;
	int rounds = 5, n = 0, option;

	while ((option = getopt(argc, argv, "+n:i:b:")) != -1) {
		if (option == 'n')
			rounds = atoi(optarg);
		else if (option == 'i')
			input = optarg;
		else if (option == 'b')
			before = optarg;
		else
			return 2;
	}
	if (optind + 1 >= argc || rounds < 1 || rounds > 100)
		return 2;
	commands[n++].argv = argv + optind;
	for (int i = optind; i < argc; i++) {
		if (strcmp(argv[i], "---") == 0 && n < MOST) {
			argv[i] = NULL;
			commands[n++].argv = argv + i + 1;
		}
	}
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < n; i++) {
			if (before != NULL && system(before) != 0)
				return 1;
			run(&commands[i], round, input);
		}
	}
	for (int i = 0; i < n; i++) {
		struct command *c = &commands[i];

		qsort(c->wall, (size_t)rounds, sizeof(double), compare);
		qsort(c->cpu, (size_t)rounds, sizeof(double), compare);
		printf("%s\t%.2f\t%.2f\t%.2f\t%ld\n", c->argv[0], c->wall[rounds / 2], c->wall[0],
		    c->cpu[rounds / 2], c->rss);
	}
	return 0;
}
