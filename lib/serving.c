#include "serving.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "budget.h"
#include "kernel.h"
#include "memory.h"
#include "number.h"

/* A line of a megabyte needs room of two while it grows. */
#define MEMORY_LEAST (8 * 1024 * 1024)
/* The first descriptor that is handed over: sd_listen_fds(3). */
#define FIRST_HANDED 3

void
serving_begin(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
}

int
serving_memory(const char *text, struct error *e)
{
	int64_t bytes;

	if (text == NULL)
		return 0;
	if (number_size(text, strlen(text), &bytes, e) < 0)
		return error_before(e, "--memory: ");
	if (bytes < MEMORY_LEAST)
		return error_set(e, ERROR_USAGE, "--memory: at least %d bytes: room for some lines",
		    MEMORY_LEAST);
	budget_limit((size_t)bytes);
	return 0;
}

static int64_t
variable(const char *name)
{
	const char *text = getenv(name);
	int64_t number;

	return text == NULL || number_parse(text, strlen(text), 0, INT32_MAX, &number, NULL) < 0 ?
	    -1 : number;
}

int
serving_handed(struct server *s, struct error *e)
{
	int64_t pid = variable("LISTEN_PID"), n = variable("LISTEN_FDS");

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (pid != getpid() || n < 0)
		return 0;
	for (int64_t i = 0; i < n; i++) {
		AUTO_FREE char *address = xformat("fd:%d", (int)(FIRST_HANDED + i));

		if (server_listen(s, address, 0, e) < 0)
			return -1;
	}
	return (int)n;
}

int
serving_ready(int fd, struct error *e)
{
	if (fd < 0)
		return 0;
	if (kernel_write_all(fd, "\n", 1) < 0)
		return error_sys(e, "--ready-fd %d", fd);
	close(fd);
	return 0;
}

static void
told_to_stop(void *arg, const struct signalfd_siginfo *info)
{
	sigset_t again;

	/* whoever asks twice does not want to wait: the next one ends the process */
	sigemptyset(&again);
	sigaddset(&again, (int)info->ssi_signo);
	sigprocmask(SIG_UNBLOCK, &again, NULL);
	loop_stop(arg, 0);
}

int
serving_stop_on_signals(struct loop *loop, struct error *e)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction now;

		/* nohup(1) asks to be left alone */
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			continue;
		if (loop_on_signal(loop, signals[i], told_to_stop, loop, e) < 0)
			return -1;
	}
	return 0;
}

static void
alone(void *arg)
{
	loop_stop(arg, 0);
}

void
serving_stop_when_alone(struct server *s, struct loop *loop)
{
	server_on_empty(s, alone, loop);
}
