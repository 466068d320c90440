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
#include "schedule.h"
#include "turn.h"

/*
 * Two links, one each way: a full pipe to mci-job must not keep us from reading its events, or both would
 * wait for each other.
 */
struct asked {
	struct asked *next;
	int64_t id;
	struct request *request; /* of a job, to be answered; NULL: a secret of the command line */
};

struct runner {
	struct link *up;   /* its events; NULL once it is gone */
	struct link *down; /* specs; NULL once closed */
	struct child *child; /* mci-job; NULL: it has ended */
	bool finishing;
	struct asked *asked; /* mask/add without a reply yet */
	int64_t last_id;
	size_t unmasked;     /* of them those that hold up the first job */
};

static void
executed(struct build *b, const struct message *m)
{
	uint32_t job = graph_find(&b->graph, m->job.p, m->job.n);

	if (job != NO_JOB && b->graph.jobs[job].status == STATUS_RUNNING)
		schedule_executed(b, job, m->line);
}

static void
error_reported(struct build *b, struct span line)
{
	struct scan_value text;
	AUTO_BYTES said = { 0 };
	struct error e;

	if (message_member(line.p, line.n, "text", &text, NULL) > 0)
		scan_text(&text, &said, NULL);
	error_set(&e, ERROR_INTERNAL, "mci-job: %s", bytes_string(&said));
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
}

static void
answer(struct build *b, const struct asked *a, const struct message *m)
{
	struct error e;

	if (m->error.n > 0)
		error_set(&e, ERROR_INTERNAL, "mci-job does not mask a secret: %.*s", (int)m->error.n,
		    m->error.p);
	if (a->request == NULL)
		b->runner->unmasked--;
	if (a->request == NULL && m->error.n > 0)
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
	else if (m->error.n > 0)
		request_fail_with(a->request, &e);
	else if (a->request != NULL)
		request_reply(a->request, (struct span){ NULL, 0 });
}

/* Replies to job/cancel, whose id is 0, are passed over: the events tell what came of it. */
static void
replied(struct build *b, const struct message *m)
{
	const struct scan_value id = { SCAN_NUMBER, m->id };
	struct asked **at = &b->runner->asked, *found;
	int64_t number;

	if (scan_integer(&id, 1, INT64_MAX, &number, NULL) < 0)
		return;
	while (*at != NULL && (*at)->id != number)
		at = &(*at)->next;
	found = *at;
	if (found == NULL)
		return;
	*at = found->next;
	answer(b, found, m);
	free(found);
}

/* Nobody will answer any more. */
static void
asked_fail(struct build *b)
{
	while (b->runner->asked != NULL) {
		struct asked *a = b->runner->asked;

		b->runner->asked = a->next;
		if (a->request != NULL)
			request_fail(a->request, "disconnected", "mci-job died");
		free(a);
	}
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct build *b = arg;
	struct message m;
	struct error e;

	(void)l;
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message_read(&m, line.p, line.n, &e) < 0) {
		error_before(&e, "mci-job: ");
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
		return;
	}
	if (m.kind == MESSAGE_REPLY)
		replied(b, &m);
	/* behind the build's end there is no place for anything */
	if (m.kind != MESSAGE_EVENT || b->outcome.finished)
		return;
	if (span_is(m.type, "error")) {
		error_reported(b, line);
		return;
	}
	journal_forward(&b->journal, line.p, line.n);
	if (span_is(m.type, "job/executed"))
		executed(b, &m);
}

static void
gone(void *arg, struct link *l, const struct error *why)
{
	struct build *b = arg;
	struct error e;

	(void)l;
	(void)why;
	b->runner->up = NULL;
	asked_fail(b);
	if (b->runner->finishing && b->sent == 0)
		return;
	runner_kill(b);
	schedule_lost_all(b, b->outcome.canceled ? "killed" : "mci-job died");
	if (b->outcome.canceled)
		return;
	error_set(&e, ERROR_INTERNAL, "mci-job died");
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
}

/* mci-job no longer reads; why is told by the end of its events. */
static void
deaf(void *arg, struct link *l, const struct error *why)
{
	struct build *b = arg;

	(void)l;
	(void)why;
	b->runner->down = NULL;
}

static const struct link_events up_events = { .line = line_came, .closed = gone };
static const struct link_events down_events = { .closed = deaf };

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct build *b = arg;

	(void)status;
	(void)usage;
	child_free(b->runner->child);
	b->runner->child = NULL;
}

static int
spawn(struct build *b, int in, int out, struct error *e)
{
	AUTO_FREE char *path = process_kit("mci-job");
	AUTO_FREE char *jobs = xformat("%lld", (long long)b->options->jobs);
	const struct option_list *grants = &b->options->env;
	AUTO_FREE const char **argv = xmalloc((17 + 2 * grants->n) * sizeof(*argv));
	AUTO_FREE char **names = xmalloc(grants->n * sizeof(*names));
	/* as long as a part of the build lives, its folder is locked, and the one that it works in */
	const int locks[2][2] = { { b->folder.lock, 3 }, { turn_lock(b), 4 } };
	struct process_spec spec = { .path = path, .dir = b->dir, .in = in, .out = out,
		.err = STDERR_FILENO, .group = true, .extra = locks,
		.nextra = turn_lock(b) < 0 ? 1 : 2 };
	AUTO_FREE char *run = xformat("%d", b->identity.run);
	struct environment env;
	size_t n = 0;

	environment_copy(&env, grants->items, grants->n);
	environment_set(&env, "MCI_SOURCE", b->identity.source);
	environment_set(&env, "MCI_BUILD", b->api_path);
	environment_set(&env, "MCI_BUILD_ID", b->identity.name);
	environment_set(&env, "MCI_RUN", run);
	spec.env = env.pairs;
	argv[n++] = "mci-job";
	argv[n++] = "--no-settings";
	argv[n++] = "-j";
	argv[n++] = jobs;
	argv[n++] = "--log-dir";
	argv[n++] = b->logs;
	if (b->options->log != NULL) {
		argv[n++] = "--log";
		argv[n++] = b->options->log;
	}
	if (b->options->runner != NULL) {
		argv[n++] = "--runner";
		argv[n++] = b->options->runner;
	}
	/* the names alone: values on a command line can be seen by others */
	for (size_t i = 0; i < grants->n; i++) {
		argv[n++] = "-e";
		argv[n++] = names[i] = xmemdup(grants->items[i], strcspn(grants->items[i], "="));
	}
	spec.argv = (char *const *)(uintptr_t)argv;
	b->runner->child = child_start(b->loop, &spec, ended, b, e);
	environment_close(&env);
	for (size_t i = 0; i < grants->n; i++)
		free(names[i]);
	return b->runner->child == NULL ? -1 : 0;
}

int
runner_start(struct build *b, struct error *e)
{
	int down[2], up[2];

	b->runner = xmalloc(sizeof(*b->runner));
	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	if (spawn(b, down[0], up[1], e) < 0)
		return -1;
	close(down[0]);
	close(up[1]);
	b->runner->up = link_take(b->loop, up[0], -1, &up_events, b, e);
	b->runner->down = link_take(b->loop, -1, down[1], &down_events, b, e);
	if (b->runner->up == NULL || b->runner->down == NULL)
		return -1;
	/* a build may have no job to run, and mci-job takes no input at all for a writer that failed */
	link_send(b->runner->down, "\n", 1);
	for (size_t i = 0; i < b->params.n; i++) {
		const struct param *p = &b->params.list[i];

		if (p->secret && runner_mask(b, p->name, p->value, NULL, e) < 0)
			return -1;
	}
	return 0;
}

void
runner_send(struct build *b, const struct job *j)
{
	AUTO_BYTES line = { 0 };

	if (b->runner->down == NULL)
		return;
	if (j->attempt > 1) {
		AUTO_FREE char *front = xformat("\"attempt\":%d", j->attempt);
		message_splice(&line, (struct span){ front, strlen(front) }, j->line, j->line_length);
	} else {
		bytes_add(&line, j->line, j->line_length);
		bytes_char(&line, '\n');
	}
	link_send(b->runner->down, line.data, line.len);
}

bool
runner_takes(const struct build *b)
{
	return b->runner->down == NULL ||
	    (b->runner->unmasked == 0 && link_unsent(b->runner->down) < LINK_PAUSE);
}

void
runner_cancel(struct build *b, const char *id)
{
	AUTO_BYTES line = { 0 };

	if (b->runner->down == NULL)
		return;
	bytes_text(&line, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"job/cancel\",\"params\":");
	emit_open(&line);
	emit_text(&line, "job", id);
	bytes_text(&line, "}}\n");
	link_send(b->runner->down, line.data, line.len);
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
runner_mask(struct build *b, const char *name, const char *value, struct request *r, struct error *e)
{
	struct runner *runner = b->runner;
	AUTO_BYTES line = { 0 };
	struct asked *a;

	if (runner->down == NULL || runner->up == NULL)
		return error_set(e, ERROR_DISCONNECTED, "mci-job is gone");
	mask_line(&line, runner->last_id + 1, name, value);
	if (link_send(runner->down, line.data, line.len) < 0)
		return error_set(e, ERROR_LIMIT, "mci-job takes no more secrets");
	a = xmalloc(sizeof(*a));
	*a = (struct asked){ runner->asked, ++runner->last_id, r };
	runner->asked = a;
	runner->unmasked += r == NULL;
	return 0;
}

void
runner_finish(struct build *b)
{
	if (b->runner == NULL || b->runner->finishing)
		return;
	b->runner->finishing = true;
	if (b->runner->down != NULL)
		link_finish(b->runner->down);
}

bool
runner_alive(const struct build *b)
{
	return b->runner != NULL && b->runner->up != NULL;
}

void
runner_signal(struct build *b, int signal)
{
	if (b->runner != NULL)
		child_signal_group(b->runner->child, signal);
}

void
runner_kill(struct build *b)
{
	if (b->runner != NULL)
		child_signal_tree(b->runner->child, SIGKILL);
}

void
runner_free(struct build *b)
{
	if (b->runner == NULL)
		return;
	if (b->runner->up != NULL)
		link_close(b->runner->up);
	if (b->runner->down != NULL)
		link_close(b->runner->down);
	/* whoever asked is gone with the build's API */
	for (struct asked *a = b->runner->asked, *next; a != NULL; a = next) {
		next = a->next;
		free(a);
	}
	child_free(b->runner->child);
	free(b->runner);
	b->runner = NULL;
}
