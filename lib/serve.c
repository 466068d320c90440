#include "serve.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "budget.h"
#include "duration.h"
#include "folder.h"
#include "kernel.h"
#include "lifeline.h"
#include "memory.h"
#include "number.h"
#include "option.h"

/* A line of a megabyte needs room of two while it grows. */
#define MEMORY_LEAST (8 * 1024 * 1024)
/* The first descriptor that is handed over: sd_listen_fds(3). */
#define FIRST_HANDED 3

struct serve {
	const struct serve_program *program;
	const struct serve_options *options;
	void *arg;
	struct loop *loop;
	char *folder;
	int lock;
	mode_t mode;
	struct server *server;
	size_t listening;          /* addresses */
	bool opened, stopping;
	struct loop_timer *grace;
};

struct loop *
serve_loop(const struct serve *s)
{
	return s->loop;
}

const char *
serve_folder(const struct serve *s)
{
	return s->folder;
}

char *
serve_address(const struct serve_program *p, const char *given, struct error *e)
{
	const char *known = given != NULL ? given : getenv(p->variable);
	AUTO_FREE char *sockets = NULL;

	if (known != NULL && *known != '\0')
		return xstrdup(known);
	sockets = folder_sockets(e);
	return sockets == NULL ? NULL : xformat("unix:%s/%s", sockets, p->socket);
}

char *
serve_data(const struct serve_program *p, const char *given, struct error *e)
{
	AUTO_FREE char *state = NULL;

	if (given != NULL)
		return xstrdup(given);
	state = folder_state(e);
	return state == NULL ? NULL : xformat("%s/%s", state, p->folder);
}

/* ---- how it ends */

static void
stop_now(void *arg)
{
	struct serve *s = arg;

	loop_stop(s->loop, 0);
}

static void
grace_over(void *arg)
{
	struct serve *s = arg;

	s->grace = NULL;
	stop_now(s);
}

static int64_t
grace_of(const struct serve *s)
{
	int64_t grace = s->options->grace;

	if (grace == 0)
		duration_parse(SERVE_GRACE, sizeof(SERVE_GRACE) - 1, &grace, NULL);
	return grace;
}

static void
close_down(void *arg)
{
	struct serve *s = arg;

	if (s->stopping)
		return;
	s->stopping = true;
	s->grace = loop_after(s->loop, grace_of(s), grace_over, s);
	server_stop(s->server, stop_now, s);
}

void
serve_stop(struct serve *s)
{
	if (s->program->stop != NULL && !s->stopping)
		s->program->stop(s->arg, close_down, s);
	else
		close_down(s);
}

static void
lifeline_ended(void *arg)
{
	serve_stop(arg);
}

static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
#define NSIGNALS (sizeof(signals) / sizeof(signals[0]))

static bool
reloads(const struct serve *s, int signal)
{
	return signal == SIGHUP && s->program->reload != NULL;
}

static void
told_to_stop(void *arg, const struct signalfd_siginfo *info)
{
	struct serve *s = arg;
	sigset_t again;

	(void)info;
	/* whoever asks twice does not want to wait: the next one ends the process, unless that hurries */
	sigemptyset(&again);
	for (size_t i = 0; i < NSIGNALS; i++) {
		if (!reloads(s, signals[i]))
			sigaddset(&again, signals[i]);
	}
	if (s->program->stop == NULL || s->stopping)
		sigprocmask(SIG_UNBLOCK, &again, NULL);
	serve_stop(s);
}

static void
told_to_reload(void *arg, const struct signalfd_siginfo *info)
{
	struct serve *s = arg;

	(void)info;
	s->program->reload(s->arg);
}

static int
watch_signals(struct serve *s, struct error *e)
{
	for (size_t i = 0; i < NSIGNALS; i++) {
		bool reload = reloads(s, signals[i]);
		struct sigaction now;

		/* nohup(1) asks to be left alone */
		if (!reload && sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			continue;
		if (loop_on_signal(s->loop, signals[i], reload ? told_to_reload : told_to_stop, s, e) < 0)
			return -1;
	}
	return 0;
}

/* One that is nothing but connections that it was given ends with the last of them. */
static void
alone(void *arg)
{
	struct serve *s = arg;

	if (!server_listens(s->server))
		serve_stop(s);
}

/* ---- where it listens */

static void
unanswered(void *arg, const char *text)
{
	const struct serve *s = arg;
	struct error e;

	error_set(&e, ERROR_INPUT, "%s", text);
	option_complain(s->program->name, &e);
}

int
serve_add(struct serve *s, const struct service *service, void *self, struct error *e)
{
	if (s->server != NULL)
		return server_add(s->server, service, self, e);
	s->server = server_new(s->loop, service, self);
	server_on_unanswered(s->server, unanswered, s);
	server_on_empty(s->server, alone, s);
	return 0;
}

struct server_door *
serve_door(struct serve *s, const struct service *service, void *self)
{
	return server_door(s->server, service, self);
}

int
serve_listen(struct serve *s, struct server_door *d, const char *address, struct error *e)
{
	s->listening++;
	return server_door_listen(d, address, s->mode, e);
}

static int64_t
variable(const char *name)
{
	const char *text = getenv(name);
	int64_t number;

	return text == NULL || number_parse(text, strlen(text), 0, INT32_MAX, &number, NULL) < 0 ?
	    -1 : number;
}

/* The sockets that the service manager handed over (LISTEN_PID, LISTEN_FDS of sd_listen_fds(3)). */
static int
listen_handed(struct serve *s, struct error *e)
{
	int64_t pid = variable("LISTEN_PID"), n = variable("LISTEN_FDS");

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (int64_t i = 0; pid == getpid() && i < n; i++) {
		AUTO_FREE char *address = xformat("fd:%d", (int)(FIRST_HANDED + i));

		s->listening++;
		if (server_listen(s->server, address, s->mode, e) < 0)
			return -1;
	}
	return 0;
}

static int
listen_usual(struct serve *s, struct error *e)
{
	AUTO_FREE char *address = serve_address(s->program, NULL, e);

	return address == NULL ? -1 : server_listen(s->server, address, s->mode, e);
}

static int
listen_all(struct serve *s, struct error *e)
{
	const struct option_list *list = &s->options->listen;

	if (listen_handed(s, e) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		s->listening++;
		if (server_listen(s->server, list->items[i], s->mode, e) < 0)
			return -1;
	}
	return s->listening == 0 ? listen_usual(s, e) : 0;
}

/* ---- how it begins */

void
serve_begin(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	umask(077);
}

static int
read_mode(struct serve *s, struct error *e)
{
	const char *text = s->options->mode != NULL ? s->options->mode : "0600";
	char *end;
	unsigned long bits = strtoul(text, &end, 8);

	if (*end != '\0' || bits > 0777 || bits == 0)
		return error_set(e, ERROR_USAGE, "--mode: expected an octal mode such as 0660, found '%s'",
		    text);
	s->mode = (mode_t)bits;
	return 0;
}

static int
read_memory(const char *text, struct error *e)
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

/* Of who has a lifeline another one may be about to end, at the end of its own. */
static int
take_lock(struct serve *s, struct error *e)
{
	const struct timespec moment = { .tv_nsec = 10 * MILLISECOND };
	int64_t until = kernel.now() + (lifeline_given() ? grace_of(s) : 0);
	struct error why;

	while ((s->lock = folder_take(s->folder, &why)) < 0 && why.code == ERROR_BUSY && kernel.now() < until)
		nanosleep(&moment, NULL);
	if (s->lock < 0)
		*e = why;
	return s->lock < 0 ? -1 : 0;
}

static int
take_folder(struct serve *s, struct error *e)
{
	if (s->program->folder == NULL)
		return 0;
	s->folder = serve_data(s->program, s->options->folder, e);
	return s->folder == NULL ? -1 : take_lock(s, e);
}

/* The newline is the readiness of s6's notification fd. */
int
serve_ready(struct serve *s, struct error *e)
{
	int fd = (int)s->options->ready;

	if (fd == 0)
		return 0;
	if (kernel_write_all(fd, "\n", 1) < 0)
		return error_sys(e, "--ready-fd %d", fd);
	close(fd);
	return 0;
}

static int
run(struct serve *s, struct error *e)
{
	if (read_mode(s, e) < 0 || read_memory(s->options->memory, e) < 0 || take_folder(s, e) < 0)
		return -1;
	s->opened = true;
	if (s->program->open(s, s->arg, e) < 0 || listen_all(s, e) < 0 || watch_signals(s, e) < 0 ||
	    lifeline_watch(s->loop, lifeline_ended, s, e) < 0 ||
	    (!s->program->ready_later && serve_ready(s, e) < 0))
		return -1;
	return loop_run(s->loop, e);
}

int
serve_run(const struct serve_program *p, const struct serve_options *o, void *arg)
{
	struct serve s = { .program = p, .options = o, .arg = arg, .lock = -1 };
	struct error e;
	int status = -1;

	serve_begin();
	s.loop = loop_new(&e);
	if (s.loop != NULL)
		status = run(&s, &e);
	if (s.loop != NULL)
		loop_cancel(s.loop, s.grace);
	server_free(s.server);
	if (s.opened)
		p->close(arg);
	memory_close(&s.lock);
	free(s.folder);
	loop_free(s.loop);
	if (status >= 0)
		return status;
	return option_fail(p->name, &e);
}
