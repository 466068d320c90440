#include "services.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "containerwatch.h"
#include "duration.h"
#include "kernel.h"
#include "leftovers.h"
#include "listeners.h"
#include "memory.h"
#include "place.h"
#include "rooms.h"
#include "variables.h"

#define LOOK (50 * MILLISECOND)     /* between two looks whether it is ready */
#define BUDGET (1024 * 1024)        /* of its output moved before the loop looks at others */

struct service {
	struct services *all;
	const struct spec_server *said;
	struct spec spec;           /* of its process; borrows all that it holds */
	char *argv[6], *text, *id, *name, *network, *shared;
	struct runner_job place;
	struct runner_job probing;  /* of the probe, where nothing gets into the service */
	char *room, *probe_room, *probe_name;
	struct containerwatch *container;
	struct child *child;        /* NULL: not started, or gone */
	struct child *undo;         /* removes what its runner left */
	struct child *probe;        /* the command that says whether it is ready */
	struct logfile_writer log;
	int pipe, watched;          /* its output, and its log for reading; -1 */
	struct line_reader lines;
	bool port, command, line;   /* what of its conditions is true */
};

struct services {
	struct attempt *a;
	struct service *list;
	size_t n, at;               /* the one that is waited for */
	struct loop_timer *look, *late;
	void (*ready)(struct attempt *a, bool all);
	void (*gone)(struct attempt *a);
};

static void begin(struct services *all);

static void
timers_cancel(struct services *all)
{
	loop_cancel(all->a->site->loop, all->look);
	loop_cancel(all->a->site->loop, all->late);
	all->look = all->late = NULL;
}

static void
output_close(struct service *s)
{
	if (s->pipe >= 0) {
		loop_forget(s->all->a->site->loop, s->pipe);
		close(s->pipe);
	}
	s->pipe = -1;
}

static void
service_free(struct service *s)
{
	struct error e;

	containerwatch_end(&s->container);
	output_close(s);
	if (s->log.name != NULL)
		(void)logfile_close(&s->log, &e);
	memory_close(&s->watched);
	line_free(&s->lines);
	child_free(s->child);
	child_free(s->undo);
	child_free(s->probe);
	place_over(&s->place);
	place_over(&s->probing);
	free(s->room);
	free(s->probe_room);
	free(s->probe_name);
	free(s->text);
	free(s->id);
	free(s->name);
	free(s->network);
	free(s->shared);
}

static void
all_free(struct services *all)
{
	timers_cancel(all);
	for (size_t i = 0; i < all->n; i++)
		service_free(&all->list[i]);
	all->a->services = NULL;
	free(all->list);
	free(all);
}

/* One of them fails the job, which then says so. */
static void
failed(struct service *s, const char *what)
{
	struct attempt *a = s->all->a;
	void (*ready)(struct attempt *a, bool all) = s->all->ready;

	timers_cancel(s->all);
	s->all->ready = NULL;
	if (ready == NULL)
		return;
	if (a->reason == NULL) {
		a->reason = "service";
		error_set(&a->error, ERROR_SYSTEM, "services: %s: %s; its log is %s", s->said->id, what,
		    s->id);
	}
	ready(a, false);
}

static void
lines_look(struct service *s)
{
	const char *wanted = s->said->ready.log;
	struct span line;

	while (!s->line && line_read(&s->lines, s->watched) > 0) {
		while (line_next(&s->lines, &line) != LINE_NONE)
			s->line = s->line || memmem(line.p, line.n, wanted, strlen(wanted)) != NULL;
	}
}

static void
output_ready(void *arg, uint32_t events)
{
	struct service *s = arg;
	struct error e;

	(void)events;
	/* a log that cannot be written is read on: the service is not to wait for it */
	if (logfile_drain(&s->log, s->pipe, 0, BUDGET, -1, &e) == LOGFILE_EOF)
		output_close(s);
	if (s->watched >= 0)
		lines_look(s);
}

/* JOB+SERVICE in the folder of the logs, a name that no job has. */
static int
log_open(struct service *s, int *end, struct error *e)
{
	struct attempt *a = s->all->a;
	AUTO_BYTES name = { 0 };
	int fds[2];

	if (logfile_open(&s->log, a->site->logs, s->id, a->spec.attempt, e) < 0)
		return -1;
	s->log.mask = a->site->mask;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	*end = fds[1];
	s->pipe = fds[0];
	fcntl(s->pipe, F_SETFL, O_RDONLY | O_NONBLOCK);
	if (s->said->ready.log != NULL) {
		logfile_name(&name, s->id, a->spec.attempt, "log");
		s->watched = kernel.open(a->site->logs, bytes_string(&name), O_RDONLY, 0);
		if (s->watched < 0)
			return error_sys(e, "open %s", bytes_string(&name));
	}
	return loop_watch(a->site->loop, s->pipe, EPOLLIN, output_ready, s, e);
}

static bool
over(const struct services *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->list[i].child != NULL || all->list[i].undo != NULL || all->list[i].probe != NULL)
			return false;
	}
	return true;
}

static void
gone_tell(struct services *all)
{
	struct attempt *a = all->a;
	void (*gone)(struct attempt *a) = all->gone;

	if (gone == NULL || !over(all))
		return;
	all_free(all);
	gone(a);
}

static void
service_ended(void *arg, int status, const struct rusage *usage)
{
	struct service *s = arg;
	struct error e = { 0 };

	(void)usage;
	containerwatch_look(s->container);
	if (WIFEXITED(status))
		containerwatch_end(&s->container);
	child_signal_group(s->child, SIGKILL);
	child_free(s->child);
	s->child = NULL;
	if (s->pipe >= 0)
		output_ready(s, 0);
	if (s->all->gone != NULL) {
		gone_tell(s->all);
		return;
	}
	if (place_ended(&s->place, &status, &e) < 0)
		failed(s, e.text);
	else
		failed(s, "it ended before the job did");
}

/* sh -e with all lines, or what the image runs by itself. */
static void
command_make(struct service *s, struct process_spec *p)
{
	AUTO_BYTES text = { 0 };

	if (s->said->nscript == 0) {
		p->argv = s->argv + 5;
		return;
	}
	for (size_t i = 0; i < s->said->nscript; i++)
		bytes_format(&text, "%s\n", s->said->script[i]);
	s->text = bytes_give(&text);
	s->argv[0] = (char *)(uintptr_t)"sh";
	s->argv[1] = (char *)(uintptr_t)"-e";
	s->argv[2] = (char *)(uintptr_t)"-c";
	s->argv[3] = s->text;
	p->path = "/bin/sh";
	p->argv = s->argv;
}

/* What its runner is told: a job of its own that has what the other has of places. */
static void
place_make(struct service *s)
{
	const struct attempt *a = s->all->a;

	s->spec = (struct spec){ .id = s->id, .attempt = a->spec.attempt, .pull = a->spec.pull,
		.image = s->said->image != NULL ? s->said->image : a->spec.image, .env = s->said->env,
		.nenv = s->said->nenv, .expose = a->spec.expose,
		.nexpose = s == &s->all->list[0] ? a->spec.nexpose : 0, .runner = a->spec.runner,
		.network = a->spec.network, .api = a->spec.api };
	/* a container beside a job that is in none is found where that looks */
	if (s->said->image != NULL && !place_is_container(&a->place))
		s->spec.network = "host";
}

/* What an attempt tells of its own. */
static int
place_tell(const struct service *s, struct runner_job *place, const char *name, char **room, struct error *e)
{
	const struct attempt *a = s->all->a;

	place->folder = a->copy != NULL ? a->copy : a->site->cwd;
	place->shown = a->site->cwd;
	place->scratch = a->site->scratch;
	place->name = name;
	if (place->runner->rooms && rooms_make(a->site, name, room, e) < 0)
		return -1;
	place->room = *room;
	place->home = a->site->home;
	return 0;
}

/* Containers of a job that is in one share what the first of them has. */
static void
network_tell(struct service *s)
{
	const struct service *first = &s->all->list[0];

	if (!place_is_container(&s->all->a->place))
		return;
	s->network = s == first ? NULL : place_network(&first->place);
	s->place.network = s == first ? RUNNER_NETWORK_OWN : s->network;
}

static bool
has_network(const struct attempt *a)
{
	const char *network = a->spec.network != NULL ? a->spec.network : a->site->settings->network;

	return network == NULL || strcmp(network, "none") != 0;
}

/* Without containers all networks are this machine's, and a port is another's or this service's. */
static int
ports_check(const struct service *s, struct error *e)
{
	for (size_t i = 0; i < s->said->nexpose; i++) {
		if (listeners_have(0, s->said->expose[i]))
			return error_set(e, ERROR_INPUT,
			    "services: %s: port %d is used already on this machine",
			    s->said->id, s->said->expose[i]);
	}
	return 0;
}

static int
place_check(const struct service *s, struct error *e)
{
	const struct attempt *a = s->all->a;

	if (place_is_remote(&a->place))
		return error_set(e, ERROR_INPUT, "services: there are none on another machine yet; "
		    "start them in the job's own script");
	if (place_is_container(&a->place))
		return 0;
	if (a->place.runner->rooms && !has_network(a))
		return error_set(e, ERROR_INPUT, "services: %s: a sandbox without a network reaches none; "
		    "give the job \"network\":\"host\", or an image", s->said->id);
	if (!place_is_container(&s->place) && s->said->nscript == 0)
		return error_set(e, ERROR_INPUT, "services: %s: without containers it needs a script",
		    s->said->id);
	return ports_check(s, e);
}

static int
spawn(struct service *s, int end, struct error *e)
{
	struct attempt *a = s->all->a;
	struct site *site = a->site;
	struct variables_attempt own = { .id = a->spec.id, .number = a->spec.attempt };
	AUTO_FREE char **env = variables_make(&site->environment, &s->spec, &own);
	const struct childsetup setup = { .limits = a->rlimits, .nlimits = a->nrlimits, .landlock = -1 };
	struct process_spec p = { .in = site->null, .out = end, .err = end, .group = true, .env = env,
		.dir = s->place.folder, .setup = a->nrlimits > 0 ? &setup : NULL };

	command_make(s, &p);
	if (place_prepare(&s->place, &p, e) < 0)
		return -1;
	s->child = child_start(site->loop, &p, service_ended, s, e);
	if (s->child == NULL)
		return -1;
	s->container = containerwatch_begin(a, &s->place, &s->spec, s->said->id);
	return 0;
}

static int
service_start(struct service *s, struct error *e)
{
	AUTO_CLOSE int end = -1;

	place_make(s);
	s->name = xformat("%s@%d", s->id, s->spec.attempt);
	if (place_open(&s->place, s->all->a->site->settings, &s->spec, e) < 0 ||
	    place_tell(s, &s->place, s->name, &s->room, e) < 0)
		return -1;
	network_tell(s);
	return place_check(s, e) < 0 || log_open(s, &end, e) < 0 ? -1 : spawn(s, end, e);
}

static void
probe_ended(void *arg, int status, const struct rusage *usage)
{
	struct service *s = arg;

	(void)usage;
	child_free(s->probe);
	s->probe = NULL;
	s->command = s->command || status == 0;
	gone_tell(s->all);
}

/* In a sandbox as the service's, for nothing gets into that. */
static int
probe_isolate(struct service *s, struct process_spec *p)
{
	const struct attempt *a = s->all->a;

	if (!s->place.runner->rooms)
		return 0;
	if (s->probing.runner == NULL) {
		s->probe_name = xformat("%s.ready", s->name);
		if (place_open(&s->probing, a->site->settings, &s->spec, NULL) < 0 ||
		    place_tell(s, &s->probing, s->probe_name, &s->probe_room, NULL) < 0)
			return -1;
	}
	return place_prepare(&s->probing, p, NULL);
}

static void
probe_start(struct service *s)
{
	struct attempt *a = s->all->a;
	struct variables_attempt own = { .id = a->spec.id, .number = a->spec.attempt };
	AUTO_FREE char **env = variables_make(&a->site->environment, &s->spec, &own);
	struct words w = { 0 };
	struct process_spec p = { .in = a->site->null, .out = a->site->null, .err = a->site->null,
	    .group = true };

	place_enter(&s->place, &w);
	words_add(&w, "sh", "-c", s->said->ready.command);
	p.path = w.list[0];
	p.argv = w.list;
	if (s->place.runner->rooms) {
		p.env = env;
		p.dir = s->place.folder;
	}
	if (probe_isolate(s, &p) == 0)
		s->probe = child_start(a->site->loop, &p, probe_ended, s, NULL);
	words_free(&w);
}

/* Whether it is ready: as soon as it runs, all that it says of that is true. */
static bool
is_ready(struct service *s)
{
	const struct spec_ready *r = &s->said->ready;
	pid_t pid = place_first(&s->place);
	int port = r->port != 0 ? r->port : r->command == NULL && r->log == NULL && s->said->nexpose > 0 ?
	    s->said->expose[0] : 0;

	if (pid < 0)
		return false;
	s->port = s->port || port == 0 || listeners_have(pid, port);
	if (r->command != NULL && !s->command && s->probe == NULL)
		probe_start(s);
	return s->port && (r->command == NULL || s->command) && (r->log == NULL || s->line);
}

static void
variable_add(struct spec *spec, const char *id, const char *what, char *value)
{
	struct spec_pair *pair;

	spec->env = xrealloc(spec->env, spec->nenv + 1, sizeof(*spec->env));
	pair = &spec->env[spec->nenv++];
	pair->name = xformat("MCI_SERVICE_%s_%s", id, what);
	pair->value = value;
	for (char *p = pair->name; *p != '\0'; p++)
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	spec_set(spec, SPEC_ENV, true);
}

/* The job finds it. */
static void
tell(struct service *s)
{
	struct spec *spec = &s->all->a->spec;
	int port = s->said->nexpose > 0 ? s->said->expose[0] : s->said->ready.port;

	variable_add(spec, s->said->id, "HOST", xstrdup("127.0.0.1"));
	if (port != 0)
		variable_add(spec, s->said->id, "PORT", xformat("%d", port));
}

static void
all_ready(struct services *all)
{
	void (*ready)(struct attempt *a, bool all) = all->ready;
	struct attempt *a = all->a;

	all->ready = NULL;
	if (place_is_container(&a->place))
		a->place.network = all->list[0].shared = place_network(&all->list[0].place);
	if (place_is_container(&a->place) && all->list[0].place.ports != NULL)
		a->place.ports = (int *)(void *)xmemdup(all->list[0].place.ports,
		    a->spec.nexpose * sizeof(int));
	ready(a, true);
}

static void
look(void *arg)
{
	struct services *all = arg;
	struct service *s = &all->list[all->at];

	all->look = NULL;
	if (!is_ready(s)) {
		all->look = loop_after(all->a->site->loop, LOOK, look, all);
		return;
	}
	timers_cancel(all);
	/* it runs: told before anything that stands on it */
	containerwatch_look(s->container);
	tell(s);
	all->at++;
	if (all->at < all->n)
		begin(all);
	else
		all_ready(all);
}

static void
late(void *arg)
{
	struct services *all = arg;
	struct service *s = &all->list[all->at];
	AUTO_BYTES text = { 0 };

	all->late = NULL;
	duration_write(&text, s->said->ready.within > 0 ? s->said->ready.within : SPEC_READY_WITHIN);
	bytes_text(&text, " are over, and it is not ready");
	failed(s, bytes_string(&text));
}

/* One that cannot be started is told from the loop as one that fails is. */
static void
broken(void *arg)
{
	struct services *all = arg;
	struct attempt *a = all->a;
	void (*ready)(struct attempt *a, bool all) = all->ready;

	all->late = NULL;
	all->ready = NULL;
	if (a->reason == NULL)
		a->reason = "service";
	if (ready != NULL)
		ready(a, false);
}

static void
begin(struct services *all)
{
	struct service *s = &all->list[all->at];
	struct loop *loop = all->a->site->loop;
	struct error e = { 0 };

	if (service_start(s, &e) < 0) {
		all->a->error = e;
		all->late = loop_after(loop, 0, broken, all);
		return;
	}
	all->look = loop_after(loop, LOOK / 10, look, all);
	all->late = loop_after(loop, s->said->ready.within > 0 ? s->said->ready.within :
	    SPEC_READY_WITHIN, late, all);
}

void
services_start(struct attempt *a, void (*ready)(struct attempt *a, bool all))
{
	struct services *all = xmalloc(sizeof(*all));

	*all = (struct services){ .a = a, .n = a->spec.nservices, .ready = ready };
	all->list = xmalloc(all->n * sizeof(*all->list));
	for (size_t i = 0; i < all->n; i++)
		all->list[i] = (struct service){ .all = all, .said = &a->spec.services[i], .pipe = -1,
			.watched = -1, .log = { .fd = -1, .index = -1 },
			.id = xformat("%s+%s", a->spec.id, a->spec.services[i].id) };
	a->services = all;
	begin(all);
}

bool
services_own(const struct attempt *a, pid_t pid)
{
	const struct services *all = a->services;

	for (size_t i = 0; all != NULL && i < all->n; i++) {
		const struct service *s = &all->list[i];

		if ((s->child != NULL && child_pid(s->child) == pid) ||
		    (s->probe != NULL && child_pid(s->probe) == pid) ||
		    (s->undo != NULL && child_pid(s->undo) == pid) || place_owns(&s->place, pid))
			return true;
	}
	return false;
}

/* What its runner left is gone, and what stands for it here has no more to wait for. */
static void
undone(void *arg, int status, const struct rusage *usage)
{
	struct service *s = arg;

	(void)status;
	(void)usage;
	child_free(s->undo);
	s->undo = NULL;
	child_signal_tree(s->child, SIGKILL);
	gone_tell(s->all);
}

static void
service_end(struct service *s)
{
	struct attempt *a = s->all->a;
	const char *stem = place_left(&s->place);
	AUTO_FREE char **argv = stem == NULL ? NULL : leftovers_command(stem);
	struct process_spec p = { .in = a->site->null, .out = a->site->null, .err = a->site->null,
	    .group = true };

	child_signal_tree(s->probe, SIGKILL);
	if (argv != NULL) {
		leftovers_forget(stem);
		p.path = argv[0];
		p.argv = argv;
		s->undo = child_start(a->site->loop, &p, undone, s, NULL);
	}
	if (s->undo == NULL)
		child_signal_tree(s->child, SIGKILL);
}

bool
services_end(struct attempt *a, void (*gone)(struct attempt *a))
{
	struct services *all = a->services;

	if (all == NULL)
		return false;
	timers_cancel(all);
	all->ready = NULL;
	if (all->gone != NULL)
		return true;
	for (size_t i = 0; i < all->n; i++)
		service_end(&all->list[i]);
	if (over(all)) {
		all_free(all);
		return false;
	}
	all->gone = gone;
	return true;
}
