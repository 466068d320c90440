#include "member.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "children.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "processuse.h"
#include "spawn.h"

#define LONGEST_PAUSE (60 * SECOND)
#define QUIET (60 * SECOND) /* one that has run so long begins anew */
#define LAST_LINES 10       /* that are told of one that failed */

static void
state_set(struct member *m, enum member_state state)
{
	m->state = state;
	m->since = kernel.wall();
}

static void
timer_end(struct member *m)
{
	loop_cancel(m->host->loop, m->timer);
	m->timer = NULL;
}

/* ---- events: {"type":"part/...","part":...,"member":... */

static void
event_open(struct bytes *b, const struct member *m, const char *type)
{
	emit_event(b, type);
	emit_text(b, "part", m->part->name);
	if (m->part->ncommands > 1)
		emit_integer(b, "member", (int64_t)m->place + 1);
}

static void
event_post(struct bytes *b, const struct member *m)
{
	emit_line(b);
	m->host->post(m->host->arg, b);
}

/* ---- how it is ready */

static void
telling_end(struct member *m)
{
	if (m->telling < 0)
		return;
	loop_forget(m->host->loop, m->telling);
	close(m->telling);
	m->telling = -1;
}

static void
is_ready(struct member *m)
{
	AUTO_BYTES event = { 0 };

	m->ready = true;
	event_open(&event, m, "part/ready");
	emit_integer(&event, "pid", child_pid(m->child));
	emit_seconds(&event, "elapsed", kernel.now() - m->began);
	event_post(&event, m);
}

/* A newline; its end alone says nothing. */
static void
told(void *arg, uint32_t events)
{
	struct member *m = arg;
	char text[64];
	ssize_t n = kernel.read(m->telling, text, sizeof(text));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && memchr(text, '\n', (size_t)n) == NULL)
		return;
	telling_end(m);
	if (n <= 0)
		return;
	is_ready(m);
	m->host->changed(m->host->arg);
}

/* ---- how it is started */

static void ended(void *arg, int status, const struct rusage *usage);

static int
try_start(struct member *m, int ready, struct error *e)
{
	/* the last one says on standard output what nobody else takes */
	const struct spawn spawn = { .host = m->host,
		.part = m->part,
		.place = m->place,
		.in = m->in,
		.out = m->out >= 0 ? m->out : partlog_descriptor(&m->log),
		.err = partlog_descriptor(&m->log),
		.lifeline = m->lifeline,
		.ready = ready,
		.mask = m->log.mask };

	m->child = spawn_command(&spawn, ended, m, e);
	return m->child == NULL ? -1 : 0;
}

/* ---- how it ends */

static void
again(void *arg)
{
	struct member *m = arg;

	m->timer = NULL;
	m->restarts++;
	member_start(m);
	m->host->changed(m->host->arg);
}

static void
tell_of(const struct member *m, const char *text)
{
	struct error e;

	error_set(&e, ERROR_SYSTEM, "%s: %s", m->name, text);
	m->host->tell(m->host->arg, &e);
}

void
member_emit_lines(const struct member *m, struct bytes *into)
{
	AUTO_FREE const char **lines = xmalloc((LAST_LINES + 1) * sizeof(*lines));
	AUTO_BYTES text = { 0 };
	size_t n = 0;
	char *rest, *line;

	partlog_tail(&m->log, LAST_LINES, &text);
	(void)bytes_string(&text);
	rest = text.data;
	while (n < LAST_LINES && (line = strsep(&rest, "\n")) != NULL) {
		if (rest != NULL || *line != '\0')
			lines[n++] = line;
	}
	emit_list(into, "lines", lines, n);
}

static void
tell_lines(const struct member *m, const struct bytes *text)
{
	AUTO_FREE char *copy = xmemdup(text->data == NULL ? "" : text->data, text->len);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		AUTO_FREE char *shown = xformat("| %s", line);

		if (rest != NULL || *line != '\0')
			tell_of(m, shown);
	}
}

static void
fail(struct member *m)
{
	AUTO_BYTES event = { 0 };
	AUTO_BYTES last = { 0 };
	AUTO_BYTES text = { 0 };

	state_set(m, MEMBER_FAILED);
	partlog_tail(&m->log, LAST_LINES, &last);
	event_open(&event, m, "part/failed");
	emit_text(&event, "reason", m->reason);
	emit_integer(&event, "ends", m->in_a_row);
	member_emit_lines(m, &event);
	event_post(&event, m);
	bytes_format(&text, "failed: %s, %" PRId64 " times in a row%s", m->reason, m->in_a_row,
	    last.len == 0 ? "" : "; its last lines, as in mci log --dir ");
	if (last.len > 0)
		bytes_format(&text, "%s parts/%s/1:", m->host->dir, m->part->name);
	tell_of(m, bytes_string(&text));
	tell_lines(m, &last);
}

/* It ended, or could not be started: it is tried again after a pause, but not for ever. */
static void
retry(struct member *m)
{
	AUTO_BYTES text = { 0 };
	AUTO_BYTES last = { 0 };
	int64_t pause;

	if (kernel.now() - m->began >= QUIET)
		member_forgive(m);
	if (m->in_a_row++ >= m->part->retries) {
		fail(m);
		return;
	}
	/* as it was read last; none at all would be the default */
	m->backoff.first = m->part->pause > 0 ? m->part->pause : 1;
	pause = backoff_next(&m->backoff);
	state_set(m, MEMBER_PAUSES);
	m->timer = loop_after(m->host->loop, pause, again, m);
	bytes_format(&text, "%s; again in ", m->reason);
	duration_write(&text, pause);
	tell_of(m, bytes_string(&text));
	if (partlog_said(&m->log) != m->said)
		partlog_tail(&m->log, 1, &last);
	tell_lines(m, &last);
}

static void
read_status(struct member *m, int status, struct bytes *event)
{
	if (WIFSIGNALED(status)) {
		snprintf(m->reason, sizeof(m->reason), "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
		emit_text(event, "reason", "signal");
		emit_integer(event, "signal", WTERMSIG(status));
	} else {
		snprintf(m->reason, sizeof(m->reason), "exit %d", WEXITSTATUS(status));
		emit_text(event, "reason", "exit");
		emit_integer(event, "exit", WEXITSTATUS(status));
	}
}

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct member *m = arg;
	AUTO_BYTES event = { 0 };
	bool meant = m->stopping || m->draining;

	(void)usage;
	timer_end(m);
	telling_end(m);
	partlog_drain(&m->log);
	event_open(&event, m, "part/exited");
	emit_integer(&event, "pid", child_pid(m->child));
	read_status(m, status, &event);
	emit_seconds(&event, "elapsed", kernel.now() - m->began);
	event_post(&event, m);
	/* what it leaves behind of its group */
	child_signal_group(m->child, SIGKILL);
	child_free(m->child);
	m->child = NULL;
	m->ready = m->stopping = m->draining = m->killed = false;
	if (m->part->once && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		state_set(m, MEMBER_DONE);
	else if (meant)
		state_set(m, MEMBER_STOPPED);
	else
		retry(m);
	m->host->changed(m->host->arg);
}

void
member_start(struct member *m)
{
	int ends[2] = { -1, -1 };
	AUTO_BYTES event = { 0 };
	struct error e;

	timer_end(m);
	m->began = kernel.now();
	m->said = partlog_said(&m->log);
	m->ready = m->stopping = m->draining = m->killed = false;
	if (m->part->commands[m->place].tells && pipe2(ends, O_CLOEXEC) < 0)
		error_sys(&e, "pipe");
	else if (try_start(m, ends[1], &e) == 0)
		m->state = MEMBER_RUNS;
	memory_close(&ends[1]);
	if (m->child == NULL) {
		memory_close(&ends[0]);
		snprintf(m->reason, sizeof(m->reason), "%.120s", e.text);
		retry(m);
		return;
	}
	state_set(m, MEMBER_RUNS);
	m->telling = ends[0];
	if (m->telling >= 0) {
		fcntl(m->telling, F_SETFL, O_NONBLOCK);
		(void)loop_watch(m->host->loop, m->telling, EPOLLIN, told, m, NULL);
	}
	event_open(&event, m, "part/started");
	emit_integer(&event, "pid", child_pid(m->child));
	event_post(&event, m);
}

static void
grace_over(void *arg)
{
	struct member *m = arg;

	m->timer = NULL;
	member_kill(m);
}

void
member_stop(struct member *m)
{
	if (m->state == MEMBER_PAUSES) {
		timer_end(m);
		state_set(m, MEMBER_STOPPED);
	}
	if (m->child == NULL || m->stopping)
		return;
	m->stopping = true;
	timer_end(m);
	m->timer = loop_after(m->host->loop, m->part->grace, grace_over, m);
	child_signal(m->child, SIGTERM);
	/* one that somebody stopped is to see it */
	child_signal(m->child, SIGCONT);
}

void
member_drain(struct member *m)
{
	if (m->state == MEMBER_PAUSES)
		member_stop(m);
	if (m->child == NULL || m->stopping || m->draining)
		return;
	m->draining = true;
	child_signal(m->child, m->part->drain);
}

void
member_finish(struct member *m)
{
	m->draining = true;
}

void
member_kill(struct member *m)
{
	if (m->child == NULL)
		return;
	m->stopping = m->killed = true;
	child_signal_tree(m->child, SIGKILL);
}

void
member_forgive(struct member *m)
{
	backoff_over(&m->backoff);
	m->in_a_row = 0;
}

bool
member_runs(const struct member *m)
{
	return m->child != NULL;
}

bool
member_is_ready(const struct member *m)
{
	if (m->part->once)
		return m->state == MEMBER_DONE;
	return m->state == MEMBER_RUNS && (m->ready || !m->part->commands[m->place].tells);
}

const char *
member_state_name(const struct member *m)
{
	static const char *const names[] = { [MEMBER_STOPPED] = "stopped",
		[MEMBER_RUNS] = "running",
		[MEMBER_PAUSES] = "pausing",
		[MEMBER_FAILED] = "failed",
		[MEMBER_DONE] = "done" };

	if (m->state == MEMBER_RUNS && m->stopping)
		return "stopping";
	if (m->state == MEMBER_RUNS && m->draining)
		return "draining";
	if (m->state == MEMBER_RUNS && m->part->commands[m->place].tells && !m->ready)
		return "starting";
	return names[m->state];
}

int64_t
member_waiting(const struct member *m)
{
	int n = 0;

	return m->in >= 0 && ioctl(m->in, FIONREAD, &n) == 0 ? n : 0;
}

int64_t
member_memory(const struct member *m)
{
	char path[64], text[2048];
	const char *pss;
	ssize_t n;
	long long kib = 0;

	if (m->child == NULL)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)child_pid(m->child));
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	/* this is told to root alone of who lets nobody look into it; what is shared does not count then */
	if (fd < 0 || (n = kernel.read(fd, text, sizeof(text) - 1)) <= 0)
		return process_memory(child_pid(m->child));
	text[n] = '\0';
	pss = strstr(text, "\nPss:");
	return pss != NULL && sscanf(pss, "\nPss: %lld", &kib) == 1 ? kib * 1024 : 0;
}

int
member_open(struct member *m, const struct host *host, const struct wiring_part *part, size_t place,
    struct mask *mask, struct error *e)
{
	AUTO_FREE char *folder = xformat("%s/parts/%s/1/logs", host->dir, part->name);

	*m = (struct member){ .host = host,
		.part = part,
		.place = place,
		.in = -1,
		.out = -1,
		.lifeline = -1,
		.telling = -1,
		.backoff = { .longest = LONGEST_PAUSE, .exact = true },
		.since = kernel.wall() };
	m->name =
	    part->ncommands > 1 ? xformat("%s.%zu", part->name, place + 1) : xstrdup(part->name);
	return partlog_open(&m->log, host->loop, folder, m->name, mask, host->tell, host->arg, e);
}

void
member_close(struct member *m)
{
	timer_end(m);
	telling_end(m);
	child_free(m->child);
	partlog_close(&m->log);
	free(m->name);
	*m = (struct member){ .telling = -1 };
}
