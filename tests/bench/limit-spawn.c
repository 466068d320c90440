/*
 * limit-spawn JOBS SLOTS FOLDER PROGRAM [ARGUMENT...]
 *
 * The least that running jobs can cost while keeping what they print: for each posix_spawn, a pipe that
 * is read to its end, a new log file with what came, and a line in a journal. SLOTS run at the same
 * time. The files are in a new folder below FOLDER each time, as a build's are.
 */
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct job {
	pid_t pid;
	int number, pipe, log;
};

static int
start(struct job *j, int number, char **argv)
{
	posix_spawn_file_actions_t actions;
	char name[32];
	int ends[2], error;

	snprintf(name, sizeof(name), "%d.log", number);
	j->number = number;
	j->log = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (j->log < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	j->pipe = ends[0];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
	error = posix_spawn(&j->pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	return error == 0 ? 0 : -1;
}

static void
finish(struct job *j, int journal)
{
	char line[128];
	int status, n;

	waitpid(j->pid, &status, 0);
	close(j->pipe);
	close(j->log);
	n = snprintf(line, sizeof(line), "{\"type\":\"job/end\",\"job\":\"%d\",\"exit\":%d}\n", j->number,
	    WEXITSTATUS(status));
	if (write(journal, line, (size_t)n) != n)
		exit(1);
	j->pid = 0;
}

/* Reads what is there; 0 when the job has closed its end. */
static ssize_t
drain(const struct job *j)
{
	static char chunk[65536];
	ssize_t n = read(j->pipe, chunk, sizeof(chunk));

	if (n > 0 && write(j->log, chunk, (size_t)n) != n)
		exit(1);
	return n;
}

int
main(int argc, char **argv)
{
	int jobs, slots, journal, started = 0, ended = 0;
	struct job running[64] = { 0 };
	struct pollfd polls[64];
	char folder[4096];

	if (argc < 5 || (jobs = atoi(argv[1])) < 1 || (slots = atoi(argv[2])) < 1 || slots > 64)
		return 2;
	snprintf(folder, sizeof(folder), "%s/%d", argv[3], getpid());
	if (mkdir(folder, 0777) < 0 || chdir(folder) < 0)
		return 1;
	journal = open("journal", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	while (ended < jobs) {
		for (int i = 0; i < slots; i++) {
			if (running[i].pid == 0 && started < jobs && start(&running[i], started++, argv + 4) < 0)
				return 1;
			polls[i] = (struct pollfd){ .fd = running[i].pid == 0 ? -1 : running[i].pipe, .events = POLLIN };
		}
		if (poll(polls, (nfds_t)slots, -1) < 0)
			return 1;
		for (int i = 0; i < slots; i++) {
			if (running[i].pid != 0 && polls[i].revents != 0 && drain(&running[i]) <= 0) {
				finish(&running[i], journal);
				ended++;
			}
		}
	}
	return 0;
}
