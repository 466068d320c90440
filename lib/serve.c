#include "serve.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "budget.h"
#include "duration.h"
#include "folder.h"
#include "kernel.h"
#include "lifeline.h"
#include "memory.h"
#include "option.h"
#include "process.h"

struct texts {
	char **items;
	size_t n;
};

struct serve {
	const struct serve_program *program;
	void *arg;
	/* its settings: whoever runs in a thread asks the process nothing */
	char *folder;
	struct texts listen, also, peers; /* addresses */
	char *usual;                /* where it listens when nobody says where */
	struct error no_usual;      /* why that is NULL */
	mode_t mode;
	size_t memory;
	int64_t grace;
	int ready;    /* where it says so; 0: nowhere */
	bool patient; /* another one may be about to end: it waits for the folder's lock */
	int stop;     /* at its end of file it stops; -1: it has the process for itself */

	struct loop *loop;
	int lock;
	struct server *server;
	size_t listening; /* addresses that somebody said */
	bool opened, stopping;
	struct loop_timer *timer; /* of the grace */
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

const char *
serve_also(const struct serve *s, size_t n)
{
	return n < s->also.n ? s->also.items[n] : NULL;
}

/* Where it is on this machine. */
static char *
address_here(const struct serve_program *p, struct error *e)
{
	const char *known = getenv(p->variable);
	AUTO_FREE char *sockets = NULL;

	if (known != NULL && *known != '\0')
		return xstrdup(known);
	sockets = folder_sockets(e);
	return sockets == NULL ? NULL : xformat("unix:%s/%s", sockets, p->socket);
}

char *
serve_address(const struct serve_program *p, const char *given, struct error *e)
{
	const char *known = given != NULL ? given : getenv(p->variable);
	char *far;

	if (known != NULL && *known != '\0')
		return xstrdup(known);
	if (api_far(&far, e) < 0)
		return NULL;
	return far != NULL ? far : address_here(p, e);
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

	s->timer = NULL;
	stop_now(s);
}

static void
close_down(void *arg)
{
	struct serve *s = arg;

	if (s->stopping)
		return;
	s->stopping = true;
	s->timer = loop_after(s->loop, s->grace, grace_over, s);
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

int
serve_on_signals(struct loop *loop, bool hup, loop_signal *told, void *arg, struct error *e)
{
	for (size_t i = 0; i < NSIGNALS - !hup; i++) {
		struct sigaction now;

		/* nohup(1) asks to be left alone */
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			continue;
		if (loop_on_signal(loop, signals[i], told, arg, e) < 0)
			return -1;
	}
	return 0;
}

void
serve_hurry(bool hup)
{
	sigset_t again;

	sigemptyset(&again);
	for (size_t i = 0; i < NSIGNALS - !hup; i++)
		sigaddset(&again, signals[i]);
	sigprocmask(SIG_UNBLOCK, &again, NULL);
}

static void
told_to_stop(void *arg, const struct signalfd_siginfo *info)
{
	struct serve *s = arg;

	(void)info;
	if (s->program->stop == NULL || s->stopping)
		serve_hurry(s->program->reload == NULL);
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
	bool reloads = s->program->reload != NULL;

	if (reloads && loop_on_signal(s->loop, SIGHUP, told_to_reload, s, e) < 0)
		return -1;
	return serve_on_signals(s->loop, !reloads, told_to_stop, s, e);
}

static void
told_to_end(void *arg, uint32_t events)
{
	struct serve *s = arg;

	(void)events;
	loop_forget(s->loop, s->stop);
	serve_stop(s);
}

/* How it is told to stop. */
static int
watch_end(struct serve *s, struct error *e)
{
	if (s->stop >= 0)
		return loop_watch(s->loop, s->stop, EPOLLIN, told_to_end, s, e);
	return watch_signals(s, e) < 0 || lifeline_watch(s->loop, lifeline_ended, s, e) < 0 ? -1 : 0;
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

int
serve_connect(struct serve *s, int in, int out, struct error *e)
{
	return server_connect(s->server, in, out, e);
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

static int
listen_all(struct serve *s, struct error *e)
{
	for (size_t i = 0; i < s->listen.n; i++) {
		if (server_listen(s->server, s->listen.items[i], s->mode, e) < 0)
			return -1;
	}
	if (s->listening > 0)
		return 0;
	if (s->usual == NULL)
		*e = s->no_usual;
	return s->usual == NULL ? -1 : server_listen(s->server, s->usual, s->mode, e);
}

/* ---- its settings */

/* Takes the text over. */
static void
text_add(struct texts *t, char *text)
{
	t->items = xrealloc(t->items, t->n + 1, sizeof(*t->items));
	t->items[t->n++] = text;
}

static void
texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->items[i]);
	free(t->items);
	*t = (struct texts){ 0 };
}

static int
read_mode(struct serve *s, const char *text, struct error *e)
{
	char *end;
	unsigned long bits = strtoul(text == NULL ? "0600" : text, &end, 8);

	if (*end != '\0' || bits > 0777 || bits == 0)
		return error_set(e, ERROR_USAGE, "--mode: expected an octal mode such as 0660, found '%s'",
		    text);
	s->mode = (mode_t)bits;
	return 0;
}

/* The sockets that were handed over: all of them to the only service of a process, else those that are called
 * SERVICE or SERVICE.WHAT. */
static void
add_handed(struct serve *s, const struct handed *h, bool all)
{
	for (size_t i = 0; i < h->n; i++) {
		AUTO_FREE char *name = handed_name(h, i);
		const char *dot = strchr(name, '.'), *what = dot == NULL ? name : dot + 1;
		struct span owner = { name, dot == NULL ? strlen(name) : (size_t)(dot - name) };

		if (!all && !span_is(owner, s->program->service))
			continue;
		text_add(s->program->also != NULL && strcmp(what, s->program->also) == 0 ?
		    &s->also : &s->listen,
		    xformat("fd:%d", (int)(HANDED_FIRST + i)));
	}
}

static void
read_listen(struct serve *s, const struct serve_options *o, const struct serve_house *house)
{
	struct handed own = { 0 };

	if (house == NULL)
		handed_take(&own);
	add_handed(s, house == NULL ? &own : house->handed, house == NULL);
	handed_close(&own);
	for (size_t i = 0; i < o->listen.n; i++)
		text_add(&s->listen, xstrdup(o->listen.items[i]));
	s->listening = s->listen.n;
	if (s->listening == 0)
		s->usual = address_here(s->program, &s->no_usual);
	if (house != NULL)
		text_add(&s->listen, xformat("inproc:%s", s->program->service));
}

static bool
has(const struct serve_house *house, const char *service)
{
	for (size_t i = 0; house != NULL && i < house->nservices; i++) {
		if (strcmp(house->services[i], service) == 0)
			return true;
	}
	return false;
}

/* MCI_EVENTS */
static const char *
variable_of(const char *service)
{
	AUTO_FREE char *name = xformat("MCI_%s", service);
	const char *value;

	for (char *p = name; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	value = getenv(name);
	return value == NULL || *value == '\0' ? NULL : value;
}

/* Where a peer is; NULL: nowhere, or there can be no folder of sockets, with an error. */
static char *
peer_address(const struct serve_peer *peer, const struct serve_house *house, struct error *e)
{
	const char *known = variable_of(peer->service);
	AUTO_FREE char *sockets = NULL;

	if (has(house, peer->service))
		return xformat("inproc:%s", peer->service);
	if (known != NULL || peer->may_lack)
		return known == NULL ? NULL : xstrdup(known);
	sockets = folder_sockets(e);
	return sockets == NULL ? NULL : xformat("unix:%s/%s.sock", sockets, peer->service);
}

static int
read_peers(struct serve *s, const struct serve_house *house, struct error *e)
{
	for (size_t i = 0; i < s->program->npeers; i++) {
		const struct serve_peer *peer = &s->program->peers[i];
		const char **option = (const char **)((char *)s->arg + peer->offset);

		if (*option != NULL && **option != '\0')
			continue;
		*option = peer_address(peer, house, e);
		if (*option == NULL && !peer->may_lack)
			return -1;
		if (*option != NULL)
			text_add(&s->peers, (char *)(uintptr_t)*option);
	}
	return 0;
}

static int
read_folder(struct serve *s, const char *given, struct error *e)
{
	if (s->program->folder == NULL)
		return 0;
	s->folder = serve_data(s->program, given, e);
	return s->folder == NULL ? -1 : 0;
}

struct serve *
serve_new(const struct serve_program *p, const struct serve_options *o, void *arg,
    const struct serve_house *house, struct error *e)
{
	struct serve *s = xmalloc(sizeof(*s));

	*s = (struct serve){ .program = p, .arg = arg, .lock = -1, .grace = o->grace,
		.memory = o->memory > 0 ? (size_t)o->memory : BUDGET_BYTES, .patient = lifeline_given() };
	if (s->grace == 0)
		duration_parse(SERVE_GRACE, sizeof(SERVE_GRACE) - 1, &s->grace, NULL);
	read_listen(s, o, house);
	if (read_mode(s, o->mode, e) == 0 && read_folder(s, o->folder, e) == 0 &&
	    read_peers(s, house, e) == 0)
		return s;
	serve_free(s);
	return NULL;
}

size_t
serve_memory(const struct serve *s)
{
	return s->memory;
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	texts_free(&s->listen);
	texts_free(&s->also);
	texts_free(&s->peers);
	free(s->usual);
	free(s->folder);
	free(s);
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
	process_private();
}

static int
take_lock(struct serve *s, struct error *e)
{
	const struct timespec moment = { .tv_nsec = 10 * MILLISECOND };
	int64_t until = kernel.now() + (s->patient ? s->grace : 0);
	struct error why;

	while ((s->lock = folder_take(s->folder, &why)) < 0 && why.code == ERROR_BUSY && kernel.now() < until)
		nanosleep(&moment, NULL);
	if (s->lock < 0)
		*e = why;
	return s->lock < 0 ? -1 : 0;
}

/* The newline is the readiness of s6's notification fd. */
int
serve_ready(struct serve *s, struct error *e)
{
	if (s->ready == 0)
		return 0;
	if (kernel_write_all(s->ready, "\n", 1) < 0)
		return error_sys(e, "--ready-fd %d", s->ready);
	close(s->ready);
	s->ready = 0;
	return 0;
}

static int
run(struct serve *s, struct error *e)
{
	if (s->folder != NULL && take_lock(s, e) < 0)
		return -1;
	s->opened = true;
	if (s->program->open(s, s->arg, e) < 0 || listen_all(s, e) < 0 || watch_end(s, e) < 0 ||
	    (!s->program->ready_later && serve_ready(s, e) < 0))
		return -1;
	return loop_run(s->loop, e);
}

int
serve_until(struct serve *s, int stop, int ready)
{
	struct error e;
	int status = -1;

	s->stop = stop;
	s->ready = ready;
	s->loop = loop_new(&e);
	if (s->loop != NULL)
		status = run(s, &e);
	if (s->loop != NULL)
		loop_cancel(s->loop, s->timer);
	server_free(s->server);
	if (s->opened)
		s->program->close(s->arg);
	memory_close(&s->lock);
	loop_free(s->loop);
	return status >= 0 ? status : option_fail(s->program->name, &e);
}

int
serve_run(const struct serve_program *p, const struct serve_options *o, void *arg)
{
	struct serve *s;
	struct error e;
	int status;

	serve_begin();
	s = serve_new(p, o, arg, NULL, &e);
	if (s == NULL)
		return option_fail(p->name, &e);
	budget_limit(s->memory);
	status = serve_until(s, -1, (int)o->ready);
	serve_free(s);
	return status;
}
