#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "duration.h"
#include "emit.h"
#include "environment.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "scan.h"

#define QUIET SECOND           /* between script/idle and closing its stdin, when it does not read */
#define READ_QUIET (200 * MILLISECOND) /* and when it has read that: what it writes later still runs */
#define LOOK (20 * MILLISECOND) /* between two looks at whether it has */
#define GRACE (10 * SECOND)    /* between closing its stdin and killing it */
#define TERM_GRACE (5 * SECOND)
#define READS 16               /* reads in one round, so that a fast script starves nobody */

static void
timer_set(struct script *s, int64_t after, loop_due *due)
{
	loop_cancel(s->loop, s->timer);
	s->timer = due == NULL ? NULL : loop_after(s->loop, after, due, s);
}

static void
broken(struct script *s, struct error *e)
{
	if (s->lines.number > 0 || s->coprocess)
		error_before(e, "%s: line %llu: ", s->definition->name,
		    (unsigned long long)s->lines.number);
	outcome_break(s->outcome, EXIT_BUILD_ERROR, e);
}

static void
kill_due(void *arg)
{
	struct script *s = arg;

	s->timer = NULL;
	child_signal_tree(s->child, SIGKILL);
}

static void
overdue_due(void *arg)
{
	struct script *s = arg;
	struct error e;

	s->timer = NULL;
	if (s->child == NULL)
		return;
	s->overdue = true;
	error_set(&e, ERROR_INPUT,
	    "%s: the script neither wrote nor ended for 10 seconds after its input was closed; killed",
	    s->definition->name);
	outcome_break(s->outcome, EXIT_BUILD_ERROR, &e);
	child_signal_tree(s->child, SIGKILL);
}

static void
stdin_close(struct script *s)
{
	if (s->feed != NULL)
		journal_feed_close(s->feed);
	s->feed = NULL;
}

/*
 * It is idle and has had the time to say more. What is blocked then is let be, which it is told, and after
 * that it is idle once more. Once its stdin is closed it may still write specs, each of which gives it ten
 * more seconds.
 */
static void
quiet_due(void *arg)
{
	struct script *s = arg;

	s->timer = NULL;
	if (schedule_works(s->schedule) || through_holds(&s->filters.through)) {
		/* somebody else has added a job, or let one go */
		s->idle_said = false;
	} else if (progress_gives_up(s->progress)) {
		progress_give_up(s->progress);
		s->idle_said = false;
	} else {
		stdin_close(s);
		timer_set(s, GRACE, overdue_due);
	}
}

/* A script that has read what is in its pipe knows that it is idle. */
static void
look_due(void *arg)
{
	struct script *s = arg;
	int64_t left = s->quiet_until - kernel.now();

	s->timer = NULL;
	if (left <= 0 || s->feed == NULL)
		quiet_due(s);
	else if (journal_feed_read(s->feed))
		timer_set(s, left < READ_QUIET ? left : READ_QUIET, quiet_due);
	else
		timer_set(s, LOOK, look_due);
}

/* The idle line has been written to it: the second starts now. */
static void
idle_passed(void *arg)
{
	struct script *s = arg;
	int64_t busy = s->said.busy_until - kernel.now();

	if (!s->idle_said)
		return;
	s->quiet_until = kernel.now() + QUIET;
	if (busy > 0)
		timer_set(s, busy > QUIET ? busy : QUIET, quiet_due);
	else
		look_due(s);
}

/* It does not read events: nothing tells it that no more come, so it must end by itself. */
static void
deaf_wait(struct script *s)
{
	bool asked = s->schedule->nblocked > 0;

	timer_set(s, asked ? QUIET : GRACE, asked ? quiet_due : overdue_due);
}

static void
feed_gone(void *arg, int sys)
{
	struct script *s = arg;

	(void)sys;
	s->feed = NULL;
	if (s->idle_said)
		deaf_wait(s);
}

/* It wrote something: it is neither idle nor overdue. */
static void
wrote(struct script *s)
{
	bool closed = s->feed == NULL && s->coprocess && !s->exited && !s->plan;

	s->idle_said = false;
	timer_set(s, GRACE, closed ? overdue_due : NULL);
}

static bool
has_kind(struct span line)
{
	return memmem(line.p, line.n, "\"type\"", 6) != NULL ||
	    memmem(line.p, line.n, "\"jsonrpc\"", 9) != NULL;
}

/* A spec that is to pass filters: an object, of which only they and what is behind them know more. */
static int
line_give(struct script *s, struct span line, struct error *e)
{
	struct message m;
	struct error spec;

	if (message_read(&m, line.p, line.n, e) < 0)
		return -1;
	if (m.kind != MESSAGE_SPEC) {
		error_set(&spec, ERROR_INPUT, "type: unknown key");
		return said_take(&s->said, line, s->spec_came, &spec, e);
	}
	s->spec_came = true;
	through_give(&s->filters.through, line);
	return 0;
}

static int
line_take_in(struct script *s, struct span line, struct error *e)
{
	struct error spec;

	if (strspn(line.p, " \t\r") >= line.n)
		return 0; /* a newline stands behind every line, so this stops there */
	if (filters_any(&s->filters))
		return line_give(s, line, e);
	if (has_kind(line)) {
		error_set(&spec, ERROR_INPUT, "type: unknown key");
		if (intake_line(s->intake, line.p, line.n, &spec) == 0) {
			s->spec_came = true;
			return 0;
		}
		return said_take(&s->said, line, s->spec_came, &spec, e);
	}
	s->spec_came = true;
	return intake_line(s->intake, line.p, line.n, e);
}

static void
lines_take(struct script *s)
{
	struct span line;
	struct error e;
	enum line_result got;

	while ((got = line_next(&s->lines, &line)) != LINE_NONE) {
		if (outcome_ends(s->outcome))
			continue; /* read on, so that it does not block, but nothing is started */
		wrote(s);
		if (got == LINE_LONG)
			error_set(&e, ERROR_LIMIT, "longer than %d bytes", LINE_LIMIT);
		if (got == LINE_LONG || line_take_in(s, line, &e) < 0)
			broken(s, &e);
	}
}

static void
out_close(struct script *s)
{
	if (s->watched)
		loop_forget(s->loop, s->out);
	if (s->coprocess)
		close(s->out);
	s->out = -1;
}

static void
out_fail(struct script *s)
{
	struct error e;

	error_sys(&e, "%s", s->coprocess ? s->definition->name : "standard input");
	out_close(s);
	outcome_break(s->outcome, EXIT_BUILD_ERROR, &e);
}

static void
out_end(struct script *s)
{
	struct span rest = line_rest(&s->lines);
	struct error e;

	out_close(s);
	s->paused = false;
	if (rest.n > 0 && !outcome_ends(s->outcome)) {
		AUTO_FREE char *line = xmemdup(rest.p, rest.n);

		s->lines.number++;
		if (line_take_in(s, (struct span){ line, rest.n }, &e) < 0) {
			error_before(&e, "no newline at its end, cut short? ");
			broken(s, &e);
		}
	}
	if (!s->coprocess && rest.n == 0 && s->lines.number == 0 && !outcome_ends(s->outcome)) {
		/* a pipe whose first half could not be started looks just so */
		error_set(&e, ERROR_INPUT, "standard input is empty, not even a blank line: did what "
		    "writes the jobs fail? (a blank line says that there are none)");
		outcome_break(s->outcome, EXIT_BUILD_ERROR, &e);
	}
	through_end(&s->filters.through);
	/* the same grace as for one whose input was closed: nobody waits for it any more */
	timer_set(s, GRACE, NULL);
}

/* The filters have enough: what they have not read is kept where it is. */
static void
pause_reading(struct script *s)
{
	s->paused = true;
	if (s->watched)
		loop_change(s->loop, s->out, 0);
}

static void
out_ready(void *arg, uint32_t events)
{
	struct script *s = arg;
	(void)events;
	for (int i = 0; i < READS && s->out >= 0; i++) {
		ssize_t n;

		if (through_full(&s->filters.through)) {
			pause_reading(s);
			return;
		}
		n = line_read(&s->lines, s->out);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			out_fail(s);
		else if (n == 0)
			out_end(s);
		else
			lines_take(s);
		if (!s->coprocess)
			return; /* standard input may block at the next read */
	}
}

static void
file_ready(void *arg)
{
	struct script *s = arg;

	if (s->out < 0)
		return;
	out_ready(s, 0);
	if (!s->paused)
		loop_after(s->loop, 0, file_ready, s);
}

static int
out_watch(struct script *s, struct error *e)
{
	s->watched = loop_watch(s->loop, s->out, EPOLLIN, out_ready, s, e) == 0;
	if (s->watched)
		return 0;
	if (e->sys != EPERM)
		return -1;
	loop_after(s->loop, 0, file_ready, s);
	return 0;
}

static void
end_said(struct script *s, int status)
{
	struct bytes *line = journal_begin(s->journal, "script/end");

	emit_text(line, "script", s->definition->name);
	if (WIFSIGNALED(status))
		emit_integer(line, "signal", WTERMSIG(status));
	else
		emit_integer(line, "exit", WEXITSTATUS(status));
	journal_end(s->journal);
}

static void
failed(struct script *s, int status)
{
	bool known = s->outcome->broken;
	struct error e;

	if (WIFSIGNALED(status))
		error_set(&e, ERROR_INPUT, "%s: the script was killed by signal %d (%s)",
		    s->definition->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		error_set(&e, ERROR_INPUT, "%s: the script ended with status %d",
		    s->definition->name, WEXITSTATUS(status));
	outcome_break(s->outcome, EXIT_BUILD_ERROR, &e);
	/* one that is stopped because it is of no use any more has told nothing by that */
	if (!known || WIFEXITED(status))
		progress_script_failed(s->progress);
}

/* A log that is not kept is an error of the build, or tells it that it is an older run. */
static void
log_lost(struct script *s, const struct error *e)
{
	if (e->code != ERROR_FENCED || !outcome_fence(s->outcome, e->text))
		outcome_break(s->outcome, EXIT_BUILD_ERROR, e);
}

static void
log_stored(void *arg, const struct error *why)
{
	if (why->code != ERROR_NONE)
		log_lost(arg, why);
}

/* Once nobody writes into it any more the log is over. */
static void
log_end(struct script *s)
{
	if (s->child == NULL && !through_running(&s->filters.through))
		scriptlog_store(&s->log, log_stored);
}

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct script *s = arg;
	(void)usage;
	child_free(s->child);
	s->child = NULL;
	s->exited = true;
	timer_set(s, 0, NULL);
	/* what it wrote before it ended is still in the pipe; a child of its may hold the pipe open */
	while (s->out >= 0 && line_read(&s->lines, s->out) > 0)
		lines_take(s);
	if (s->out >= 0)
		out_end(s);
	scriptlog_drain(&s->log);
	log_end(s);
	stdin_close(s);
	if (!s->plan)
		end_said(s, status);
	if (status != 0 && !s->outcome->canceled && !s->overdue)
		failed(s, status);
}

/* A job has come out of the filters: to the script it is one that it wrote. */
static void
filtered(void *arg)
{
	wrote(arg);
}

static void
drained(void *arg)
{
	struct script *s = arg;

	if (!s->paused)
		return;
	s->paused = false;
	if (s->watched)
		loop_change(s->loop, s->out, EPOLLIN);
	else
		loop_after(s->loop, 0, file_ready, s);
}

static void
filters_ended(void *arg)
{
	struct script *s = arg;

	scriptlog_drain(&s->log);
	log_end(s);
}

static int
spawn(struct script *s, int in, int out, int err, struct error *e)
{
	char *argv[] = { s->definition->path, NULL };
	AUTO_FREE char **command = NULL;
	struct surroundings u;

	surroundings_open(&u, &s->filters, err);
	u.spec.path = s->definition->path;
	u.spec.name = s->definition->name;
	u.spec.argv = argv;
	if (u.words != NULL) {
		u.spec.argv = command = isolation_command(u.words, s->definition->path, argv);
		u.spec.path = u.words[0];
	}
	u.spec.in = in;
	u.spec.out = out;
	s->child = child_start(s->loop, &u.spec, ended, s, e);
	surroundings_close(&u);
	return s->child == NULL ? -1 : 0;
}

/* Its standard error goes to err. */
static int
coprocess_run(struct script *s, int err, struct error *e)
{
	int in[2] = { -1, -1 }, out[2];
	struct bytes *line;

	if (pipe2(out, O_CLOEXEC) < 0 || (!s->plan && pipe2(in, O_CLOEXEC) < 0))
		return error_sys(e, "pipe");
	if (spawn(s, in[0], out[1], err, e) < 0)
		return -1;
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	s->out = out[0];
	if (s->plan)
		return out_watch(s, e);
	close(in[0]);
	line = journal_begin(s->journal, "script/start");
	emit_text(line, "script", s->definition->name);
	emit_integer(line, "pid", child_pid(s->child));
	journal_end(s->journal);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	s->feed = journal_feed(s->journal, in[1], PUMP_OWNS | PUMP_WATCHES, 0, feed_gone, s, e);
	return s->feed == NULL ? -1 : out_watch(s, e);
}

/* Starts what brings the specs, and before it the filters that they pass. */
static int
begin(struct script *s, int err, struct error *e)
{
	if (filters_start(&s->filters, err, s->logs == NULL, e) < 0)
		return -1;
	if (s->definition->kind == DEFINITION_SCRIPT)
		return coprocess_run(s, err, e);
	if (s->definition->kind == DEFINITION_DOCUMENT) {
		filters_document(&s->filters, &s->document);
		document_free(&s->document);
		return 0;
	}
	s->out = s->definition->input;
	return out_watch(s, e);
}

static void
log_opened(void *arg, int fd, struct error *why)
{
	struct script *s = arg;
	AUTO_CLOSE int err = fd;

	if (fd < 0 || (!outcome_ends(s->outcome) && begin(s, err, why) < 0))
		log_lost(s, why);
	log_end(s);
}

/* Whoever is started has a log to write to. */
static int
log_start(struct script *s, struct error *e)
{
	AUTO_CLOSE int log = -1;

	if (s->plan)
		return begin(s, STDERR_FILENO, e);
	if (s->logs != NULL)
		return scriptlog_ask(&s->log, s->logs, s->mask, s->loop, log_opened, s, e);
	log = scriptlog_open(&s->log, s->workspace->folder.path, s->workspace->identity.run, s->mask,
	    s->loop, e);
	return log < 0 ? -1 : begin(s, log, e);
}

void
script_init(struct script *s)
{
	s->out = -1;
	s->log = (struct scriptlog){ .pipe = -1, .dir = -1 };
	s->filters = (struct filters){ .loop = s->loop, .workspace = s->workspace, .env = s->env,
		.given = s->given, .plan = s->plan, .isolation = s->isolation, .outcome = s->outcome,
		.intake = s->intake,
		.progress = s->progress, .came = filtered, .drained = drained, .ended = filters_ended,
		.arg = s };
	filters_init(&s->filters);
}

/* Without filters all jobs of a document are there at once. */
static int
document_start(struct script *s, struct error *e)
{
	if (document_load(&s->document, s->definition, s->given->n > 0, e) < 0)
		return -1;
	if (filters_take(&s->filters, &s->document.through, e) < 0)
		return -1;
	*s->said.declared = s->document.params;
	s->document.params = (struct declared){ 0 };
	said_params_hold(&s->said);
	if (filters_any(&s->filters))
		return log_start(s, e);
	intake_document(s->intake, &s->document);
	document_free(&s->document);
	return 0;
}

static void
initializing_say(struct script *s)
{
	struct bytes *line;

	if (s->plan)
		return;
	line = journal_begin(s->journal, "script/initializing");
	emit_text(line, "script", s->definition->name);
	journal_end(s->journal);
}

int
script_start(struct script *s, const char *api, struct error *e)
{
	s->filters.api = api;
	if (s->definition->kind == DEFINITION_DOCUMENT)
		return document_start(s, e);
	if (filters_take(&s->filters, NULL, e) < 0)
		return -1;
	s->coprocess = s->definition->kind == DEFINITION_SCRIPT;
	if (s->coprocess)
		initializing_say(s);
	return s->coprocess || filters_any(&s->filters) ? log_start(s, e) : begin(s, -1, e);
}

void
script_round(struct script *s)
{
	if (s->idle_said || schedule_works(s->schedule) || through_holds(&s->filters.through) ||
	    (s->schedule->nblocked > 0 && !progress_gives_up(s->progress)))
		return;
	if (s->outcome->broken && script_running(s)) {
		/* no spec can matter any more, and whoever writes them may never stop */
		s->idle_said = true;
		script_stop(s);
		return;
	}
	if (!s->coprocess || s->child == NULL || s->plan)
		return;
	if (s->out < 0) {
		s->idle_said = true;
		stdin_close(s);
		timer_set(s, GRACE, overdue_due);
		return;
	}
	if (!s->spec_came)
		return;
	s->idle_said = true;
	journal_begin(s->journal, "script/idle");
	journal_end(s->journal);
	if (s->feed == NULL) {
		deaf_wait(s);
		return;
	}
	/* one that reads nothing has its pipe full at some time, and never gets the line */
	timer_set(s, GRACE, quiet_due);
	journal_feed_mark(s->feed, journal_size(s->journal) + (int64_t)s->journal->pending.len,
	    idle_passed);
}

void
script_stop(struct script *s)
{
	stdin_close(s);
	filters_stop(&s->filters);
	if (s->child != NULL) {
		child_signal_tree(s->child, SIGTERM);
		timer_set(s, TERM_GRACE, kill_due);
	} else if (s->out >= 0) {
		out_end(s);
	}
}

bool
script_running(const struct script *s)
{
	return s->out >= 0 || s->child != NULL || through_running(&s->filters.through) ||
	    scriptlog_asks(&s->log);
}

void
script_close(struct script *s)
{
	loop_cancel(s->loop, s->timer);
	s->timer = NULL;
	stdin_close(s);
	child_signal_tree(s->child, SIGKILL);
	child_free(s->child);
	filters_close(&s->filters);
	document_free(&s->document);
	scriptlog_close(&s->log);
	line_free(&s->lines);
	s->child = NULL;
}
