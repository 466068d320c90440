#include "runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "environment.h"
#include "emit.h"
#include "link.h"
#include "memory.h"
#include "message.h"
#include "process.h"
#include "scan.h"

/*
 * Two links, one each way: a full pipe to mci-job must not keep us from reading its events, or both would
 * wait for each other.
 */
struct runner_asked {
	struct runner_asked *next;
	int64_t id;
	struct request *request; /* of a job, to be answered; NULL: a secret of the command line */
};

static void
error_reported(struct runner *r, struct span line)
{
	struct scan_value text, name;
	AUTO_BYTES said = { 0 };
	struct error e;

	if (message_member(line.p, line.n, "text", &text, NULL) > 0)
		scan_text(&text, &said, NULL);
	/* of the log server; to a build that nobody ordered the log is lost, and the job with it */
	if (message_member(line.p, line.n, "error", &name, NULL) > 0 && scan_text_is(&name, "fenced")) {
		outcome_fence(r->outcome, bytes_string(&said));
		return;
	}
	error_set(&e, ERROR_INTERNAL, "mci-job: %s", bytes_string(&said));
	outcome_break(r->outcome, EXIT_BUILD_ERROR, &e);
}

static void
answer(struct runner *r, const struct runner_asked *a, const struct message *m)
{
	struct error e;

	if (m->error.n > 0)
		error_set(&e, ERROR_INTERNAL, "mci-job does not mask a secret: %.*s", (int)m->error.n,
		    m->error.p);
	if (a->request == NULL)
		r->unmasked--;
	if (a->request == NULL && m->error.n > 0)
		outcome_break(r->outcome, EXIT_BUILD_ERROR, &e);
	else if (m->error.n > 0)
		request_fail_with(a->request, &e);
	else if (a->request != NULL)
		request_reply(a->request, (struct span){ NULL, 0 });
}

/* Replies to job/cancel, whose id is 0, are passed over: the events tell what came of it. */
static void
replied(struct runner *r, const struct message *m)
{
	const struct scan_value id = { SCAN_NUMBER, m->id };
	struct runner_asked **at = &r->asked, *found;
	int64_t number;

	if (scan_integer(&id, 1, INT64_MAX, &number, NULL) < 0)
		return;
	while (*at != NULL && (*at)->id != number)
		at = &(*at)->next;
	found = *at;
	if (found == NULL)
		return;
	*at = found->next;
	answer(r, found, m);
	free(found);
}

/* Nobody will answer any more. */
static void
asked_fail(struct runner *r)
{
	while (r->asked != NULL) {
		struct runner_asked *a = r->asked;

		r->asked = a->next;
		if (a->request != NULL)
			request_fail(a->request, "disconnected", "mci-job died");
		free(a);
	}
}

static void
door_close(struct runner *r, struct span job)
{
	AUTO_FREE char *id = xmemdup(job.p, job.n);

	r->door_close(r->doors, id);
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct runner *r = arg;
	struct message m;
	struct error e;

	(void)l;
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message_read(&m, line.p, line.n, &e) < 0) {
		error_before(&e, "mci-job: ");
		outcome_break(r->outcome, EXIT_BUILD_ERROR, &e);
		return;
	}
	if (m.kind == MESSAGE_REPLY)
		replied(r, &m);
	/* behind the build's end there is no place for anything */
	if (m.kind != MESSAGE_EVENT || r->outcome->finished || r->outcome->cut)
		return;
	if (span_is(m.type, "error")) {
		error_reported(r, line);
		return;
	}
	journal_forward(r->journal, line.p, line.n);
	if (span_is(m.type, "job/start"))
		r->events->started(r->arg, m.job, line);
	if (span_is(m.type, "log/annotated"))
		r->events->noted(r->arg, m.job, line);
	if (!span_is(m.type, "job/executed"))
		return;
	door_close(r, m.job);
	r->events->executed(r->arg, m.job, line);
}

static void
gone(void *arg, struct link *l, const struct error *why)
{
	struct runner *r = arg;

	(void)l;
	(void)why;
	r->up = NULL;
	asked_fail(r);
	r->events->gone(r->arg, r->finishing);
}

/* mci-job no longer reads; why is told by the end of its events. */
static void
deaf(void *arg, struct link *l, const struct error *why)
{
	struct runner *r = arg;

	(void)l;
	(void)why;
	r->down = NULL;
}

static const struct link_events up_events = { .line = line_came, .closed = gone };
static const struct link_events down_events = { .closed = deaf };

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct runner *r = arg;

	(void)status;
	(void)usage;
	child_free(r->child);
	r->child = NULL;
}

/* What jobs may use on a server where nobody says so: there are others beside them. */
static const char *server_limits[] = { "processes=4096" }, *server_most[] = { "timeout=6h" };

static size_t
words_add(const char **argv, size_t n, const char *option, const struct option_list *values)
{
	for (size_t i = 0; i < values->n; i++) {
		argv[n++] = option;
		argv[n++] = values->items[i];
	}
	return n;
}

static int
spawn(struct runner *r, const char *api, int lock, const int ends[2], struct error *e)
{
	AUTO_FREE char *path = process_kit("mci-job");
	AUTO_FREE char *jobs = xformat("%lld", (long long)r->jobs);
	const struct option_list *grants = r->env;
	AUTO_FREE const char **argv = xmalloc(
	    (27 + 2 * (grants->n + r->limits->n + r->most->n)) * sizeof(*argv));
	AUTO_FREE char **names = xmalloc(grants->n * sizeof(*names));
	/* as long as a part of the build lives, its folder is locked, and the one that it works in */
	const int locks[2][2] = { { r->workspace->folder.lock, 3 }, { lock, 4 } };
	struct process_spec spec = { .path = path, .dir = r->workspace->dir, .in = ends[0], .out = ends[1],
		.err = STDERR_FILENO, .group = true, .extra = locks, .nextra = lock < 0 ? 1 : 2 };
	AUTO_FREE char *run = xformat("%d", r->workspace->identity.run);
	struct environment env;
	size_t n = 0;

	environment_copy(&env, grants->items, grants->n);
	environment_set(&env, "MCI_SOURCE", r->workspace->identity.source);
	environment_set(&env, "MCI_BUILD", api);
	environment_set(&env, "MCI_BUILD_ID", r->workspace->identity.name);
	environment_set(&env, "MCI_RUN", run);
	spec.env = env.pairs;
	argv[n++] = "mci-job";
	argv[n++] = "--no-settings";
	argv[n++] = "-j";
	argv[n++] = jobs;
	argv[n++] = "--log-dir";
	argv[n++] = r->workspace->logs;
	if (r->log != NULL) {
		argv[n++] = "--log";
		argv[n++] = r->log;
	}
	if (r->name != NULL) {
		argv[n++] = "--runner";
		argv[n++] = r->name;
	}
	if (r->stranger) {
		argv[n++] = "--network";
		argv[n++] = "none";
	}
	if (strcmp(r->workspace->identity.source, "server") == 0) {
		n = words_add(argv, n, "--limit", &(struct option_list){ server_limits, 1 });
		n = words_add(argv, n, "--limit-most", &(struct option_list){ server_most, 1 });
	}
	n = words_add(argv, n, "--limit", r->limits);
	n = words_add(argv, n, "--limit-most", r->most);
	if (r->ports != NULL) {
		argv[n++] = "--expose-ports";
		argv[n++] = r->ports;
	}
	if (r->podman != NULL) {
		argv[n++] = "--podman";
		argv[n++] = r->podman;
	}
	/* the names alone: values on a command line can be seen by others */
	for (size_t i = 0; i < grants->n; i++) {
		argv[n++] = "-e";
		argv[n++] = names[i] = xmemdup(grants->items[i], strcspn(grants->items[i], "="));
	}
	spec.argv = (char *const *)(uintptr_t)argv;
	r->child = child_start(r->loop, &spec, ended, r, e);
	environment_close(&env);
	for (size_t i = 0; i < grants->n; i++)
		free(names[i]);
	return r->child == NULL ? -1 : 0;
}

int
runner_start(struct runner *r, const char *api, int lock, struct error *e)
{
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	if (spawn(r, api, lock, (const int[]){ down[0], up[1] }, e) < 0)
		return -1;
	close(down[0]);
	close(up[1]);
	r->up = link_take(r->loop, up[0], -1, &up_events, r, e);
	r->down = link_take(r->loop, -1, down[1], &down_events, r, e);
	if (r->up == NULL || r->down == NULL)
		return -1;
	/* a build may have no job to run, and mci-job takes no input at all for a writer that failed */
	link_send(r->down, "\n", 1);
	for (size_t i = 0; i < r->params->n; i++) {
		const struct param *p = &r->params->list[i];

		if (p->secret && runner_mask(r, p->name, p->value, NULL, e) < 0)
			return -1;
	}
	return 0;
}

/* Whether a job's runner keeps it apart, so that it is known who asks at its socket. An image is no matter of
 * the host's, unless that was said. */
static bool
is_apart(const struct runner *r, const struct job *j)
{
	struct scan_value said;

	if (r->name != NULL)
		return strcmp(r->name, "host") != 0;
	if (message_member(j->line, j->line_length, "runner", &said, NULL) > 0)
		return !scan_text_is(&said, "host");
	return message_member(j->line, j->line_length, "image", &said, NULL) > 0;
}

void
runner_send(struct runner *r, const struct job *j)
{
	AUTO_BYTES line = { 0 };
	AUTO_BYTES front = { 0 };
	const char *door = NULL;
	struct error e;

	if (r->down == NULL)
		return;
	if (is_apart(r, j) && (door = r->door_open(r->doors, j->id, &e)) == NULL) {
		outcome_break(r->outcome, EXIT_BUILD_ERROR, &e);
		return;
	}
	if (j->attempt > 1)
		bytes_format(&front, "\"attempt\":%d", j->attempt);
	if (door != NULL) {
		bytes_text(&front, front.len > 0 ? ",\"api\":" : "\"api\":");
		emit_string(&front, door, strlen(door));
	}
	if (front.len > 0) {
		message_splice(&line, (struct span){ front.data, front.len }, j->line, j->line_length);
	} else {
		bytes_add(&line, j->line, j->line_length);
		bytes_char(&line, '\n');
	}
	link_send(r->down, line.data, line.len);
}

bool
runner_takes(const struct runner *r)
{
	return r->down == NULL ||
	    (r->unmasked == 0 && link_unsent(r->down) < LINK_PAUSE);
}

void
runner_cancel(struct runner *r, const char *id)
{
	AUTO_BYTES line = { 0 };

	if (r->down == NULL)
		return;
	bytes_text(&line, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"job/cancel\",\"params\":");
	emit_open(&line);
	emit_text(&line, "job", id);
	bytes_text(&line, "}}\n");
	link_send(r->down, line.data, line.len);
}

static void
mask_line(struct bytes *line, int64_t id, const char *name, const char *value)
{
	bytes_format(line, "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"method\":\"mask/add\",\"params\":",
	    (long long)id);
	emit_open(line);
	if (name != NULL)
		emit_text(line, "name", name);
	emit_text(line, "value", value);
	bytes_text(line, "}}\n");
}

int
runner_mask(struct runner *r, const char *name, const char *value, struct request *asked,
    struct error *e)
{
	AUTO_BYTES line = { 0 };
	struct runner_asked *a;

	if (r->down == NULL || r->up == NULL)
		return error_set(e, ERROR_DISCONNECTED, "mci-job is gone");
	mask_line(&line, r->last_id + 1, name, value);
	if (link_send(r->down, line.data, line.len) < 0)
		return error_set(e, ERROR_LIMIT, "mci-job takes no more secrets");
	a = xmalloc(sizeof(*a));
	*a = (struct runner_asked){ r->asked, ++r->last_id, asked };
	r->asked = a;
	r->unmasked += asked == NULL;
	return 0;
}

void
runner_finish(struct runner *r)
{
	if (r->finishing)
		return;
	r->finishing = true;
	if (r->down != NULL)
		link_finish(r->down);
}

bool
runner_alive(const struct runner *r)
{
	return r->up != NULL;
}

void
runner_signal(struct runner *r, int signal)
{
	child_signal_group(r->child, signal);
}

void
runner_kill(struct runner *r)
{
	child_signal_tree(r->child, SIGKILL);
}

void
runner_close(struct runner *r)
{
	if (r->up != NULL)
		link_close(r->up);
	if (r->down != NULL)
		link_close(r->down);
	/* whoever asked is gone with the build's API */
	for (struct runner_asked *a = r->asked, *next; a != NULL; a = next) {
		next = a->next;
		free(a);
	}
	child_free(r->child);
	r->child = NULL;
}
