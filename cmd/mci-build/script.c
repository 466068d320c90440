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
#include "intake.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "posted.h"
#include "progress.h"
#include "prompt.h"
#include "scan.h"
#include "schedule.h"
#include "scriptlog.h"

#define QUIET SECOND           /* between script/idle and closing its stdin, when it does not read */
#define READ_QUIET (200 * MILLISECOND) /* and when it has read that: what it writes later still runs */
#define LOOK (20 * MILLISECOND) /* between two looks at whether it has */
#define GRACE (10 * SECOND)    /* between closing its stdin and killing it */
#define TERM_GRACE (5 * SECOND)
#define READS 16               /* reads in one round, so that a fast script starves nobody */

struct script {
	struct child *child; /* NULL: standard input, or the script has ended */
	int out;         /* what it writes, -1 after its end */
	bool watched;    /* out is in the loop; a regular file is read round by round instead */
	struct line_reader lines;
	struct journal_feed *feed; /* its stdin; NULL once closed */
	struct scriptlog log; /* its stderr */
	bool coprocess;
	bool spec_came;  /* at least one */
	bool idle_said;  /* script/idle was written and nothing has come since */
	int64_t busy_until, quiet_until; /* its stdin stays open so long; the second by READ_QUIET alone */
	struct loop_timer *timer; /* the next step of idle, closed, killed */
	bool overdue;    /* it was killed because it neither wrote nor ended */
	bool exited;
};

static void
timer_set(struct build *b, int64_t after, loop_due *due)
{
	loop_cancel(b->loop, b->script->timer);
	b->script->timer = due == NULL ? NULL : loop_after(b->loop, after, due, b);
}

static void
broken(struct build *b, struct error *e)
{
	if (b->script->lines.number > 0 || b->script->coprocess)
		error_before(e, "%s: line %llu: ", b->definition.name,
		    (unsigned long long)b->script->lines.number);
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, e);
}

static void
kill_due(void *arg)
{
	struct build *b = arg;

	b->script->timer = NULL;
	child_signal_tree(b->script->child, SIGKILL);
}

static void
overdue_due(void *arg)
{
	struct build *b = arg;
	struct error e;

	b->script->timer = NULL;
	if (b->script->child == NULL)
		return;
	b->script->overdue = true;
	error_set(&e, ERROR_INPUT,
	    "%s: the script neither wrote nor ended for 10 seconds after its input was closed; killed",
	    b->definition.name);
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
	child_signal_tree(b->script->child, SIGKILL);
}

static void
stdin_close(struct build *b)
{
	if (b->script->feed != NULL)
		journal_feed_close(b->script->feed);
	b->script->feed = NULL;
}

/*
 * It is idle and has had the time to say more. What is blocked then is let be, which it is told, and after
 * that it is idle once more. Once its stdin is closed it may still write specs, each of which gives it ten
 * more seconds.
 */
static void
quiet_due(void *arg)
{
	struct build *b = arg;

	b->script->timer = NULL;
	if (schedule_works(b)) {
		/* somebody else has added a job, or let one go */
		b->script->idle_said = false;
	} else if (prompt_gives_up(b)) {
		prompt_give_up(b);
		b->script->idle_said = false;
	} else {
		stdin_close(b);
		timer_set(b, GRACE, overdue_due);
	}
}

/* A script that has read what is in its pipe knows that it is idle. */
static void
look_due(void *arg)
{
	struct build *b = arg;
	struct script *s = b->script;
	int64_t left = s->quiet_until - kernel.now();

	s->timer = NULL;
	if (left <= 0 || s->feed == NULL)
		quiet_due(b);
	else if (journal_feed_read(s->feed))
		timer_set(b, left < READ_QUIET ? left : READ_QUIET, quiet_due);
	else
		timer_set(b, LOOK, look_due);
}

/* The idle line has been written to it: the second starts now. */
static void
idle_passed(void *arg)
{
	struct build *b = arg;
	struct script *s = b->script;
	int64_t busy = s->busy_until - kernel.now();

	if (!s->idle_said)
		return;
	s->quiet_until = kernel.now() + QUIET;
	if (busy > 0)
		timer_set(b, busy > QUIET ? busy : QUIET, quiet_due);
	else
		look_due(b);
}

/* It does not read events: nothing tells it that no more come, so it must end by itself. */
static void
deaf_wait(struct build *b)
{
	bool asked = b->blocked > 0;

	timer_set(b, asked ? QUIET : GRACE, asked ? quiet_due : overdue_due);
}

static void
feed_gone(void *arg, int sys)
{
	struct build *b = arg;

	(void)sys;
	b->script->feed = NULL;
	if (b->script->idle_said)
		deaf_wait(b);
}

/* It wrote something: it is neither idle nor overdue. */
static void
wrote(struct build *b)
{
	struct script *s = b->script;

	bool closed = s->feed == NULL && s->coprocess && !s->exited && !b->options->plan;

	s->idle_said = false;
	timer_set(b, GRACE, closed ? overdue_due : NULL);
}

static int
busy(struct build *b, struct span line, struct error *e)
{
	struct scan_value value;
	AUTO_BYTES text = { 0 };
	int64_t ns;

	if (message_member(line.p, line.n, "for", &value, e) <= 0 || scan_text(&value, &text, e) < 0)
		return error_set(e, ERROR_INPUT, "for: script/busy needs a duration such as \"60s\"");
	if (duration_parse(text.data, text.len, &ns, e) < 0)
		return error_before(e, "for: ");
	if (posted_take(b, line, true, e) < 0)
		return -1;
	b->script->busy_until = kernel.now() + ns;
	return 0;
}

/* A line that is no spec: the one event that a script may write, or an error. */
static int
other_line(struct build *b, struct span line, const struct error *spec, struct error *e)
{
	struct message m;

	if (message_read(&m, line.p, line.n, e) < 0)
		return -1;
	if (m.kind == MESSAGE_SPEC) {
		*e = *spec;
		return -1;
	}
	if (m.kind == MESSAGE_EVENT && span_is(m.type, "script/busy"))
		return busy(b, line, e);
	return error_set(e, ERROR_INPUT, "expected a job; of events a script writes script/busy alone");
}

static bool
has_kind(struct span line)
{
	return memmem(line.p, line.n, "\"type\"", 6) != NULL ||
	    memmem(line.p, line.n, "\"jsonrpc\"", 9) != NULL;
}

static int
line_take_in(struct build *b, struct span line, struct error *e)
{
	struct error spec;

	if (strspn(line.p, " \t\r") >= line.n)
		return 0; /* a newline stands behind every line, so this stops there */
	if (has_kind(line)) {
		error_set(&spec, ERROR_INPUT, "type: unknown key");
		if (intake_line(b, line.p, line.n, &spec) == 0) {
			b->script->spec_came = true;
			return 0;
		}
		return other_line(b, line, &spec, e);
	}
	b->script->spec_came = true;
	return intake_line(b, line.p, line.n, e);
}

static void
lines_take(struct build *b)
{
	struct script *s = b->script;
	struct span line;
	struct error e;
	enum line_result got;

	while ((got = line_next(&s->lines, &line)) != LINE_NONE) {
		if (b->outcome.broken || b->outcome.canceled)
			continue; /* read on, so that it does not block, but nothing is started */
		wrote(b);
		if (got == LINE_LONG)
			error_set(&e, ERROR_LIMIT, "longer than %d bytes", LINE_LIMIT);
		if (got == LINE_LONG || line_take_in(b, line, &e) < 0)
			broken(b, &e);
	}
}

static void
out_close(struct build *b)
{
	struct script *s = b->script;

	if (s->watched)
		loop_forget(b->loop, s->out);
	if (s->coprocess)
		close(s->out);
	s->out = -1;
}

static void
out_fail(struct build *b)
{
	struct error e;

	error_sys(&e, "%s", b->script->coprocess ? b->definition.name : "standard input");
	out_close(b);
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
}

static void
out_end(struct build *b)
{
	struct script *s = b->script;
	struct span rest = line_rest(&s->lines);
	struct error e;

	out_close(b);
	if (rest.n > 0 && !b->outcome.broken && !b->outcome.canceled) {
		AUTO_FREE char *line = xmemdup(rest.p, rest.n);

		s->lines.number++;
		if (line_take_in(b, (struct span){ line, rest.n }, &e) < 0) {
			error_before(&e, "no newline at its end, cut short? ");
			broken(b, &e);
		}
	}
	if (!s->coprocess && rest.n == 0 && s->lines.number == 0 && !b->outcome.broken &&
	    !b->outcome.canceled) {
		/* a pipe whose first half could not be started looks just so */
		error_set(&e, ERROR_INPUT, "standard input is empty, not even a blank line: did what "
		    "writes the jobs fail? (a blank line says that there are none)");
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
	}
	/* the same grace as for one whose input was closed: nobody waits for it any more */
	timer_set(b, GRACE, NULL);
}

static void
out_ready(void *arg, uint32_t events)
{
	struct build *b = arg;
	struct script *s = b->script;

	(void)events;
	for (int i = 0; i < READS && s->out >= 0; i++) {
		ssize_t n = line_read(&s->lines, s->out);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			out_fail(b);
		else if (n == 0)
			out_end(b);
		else
			lines_take(b);
		if (!s->coprocess)
			return; /* standard input may block at the next read */
	}
}

static void
file_ready(void *arg)
{
	struct build *b = arg;

	if (b->script->out < 0)
		return;
	out_ready(b, 0);
	loop_after(b->loop, 0, file_ready, b);
}

static int
out_watch(struct build *b, struct error *e)
{
	struct script *s = b->script;

	s->watched = loop_watch(b->loop, s->out, EPOLLIN, out_ready, b, e) == 0;
	if (s->watched)
		return 0;
	if (e->sys != EPERM)
		return -1;
	loop_after(b->loop, 0, file_ready, b);
	return 0;
}

static void
end_said(struct build *b, int status)
{
	struct bytes *line = journal_begin(&b->journal, "script/end");

	emit_text(line, "script", b->definition.name);
	if (WIFSIGNALED(status))
		emit_integer(line, "signal", WTERMSIG(status));
	else
		emit_integer(line, "exit", WEXITSTATUS(status));
	journal_end(&b->journal);
}

static void
failed(struct build *b, int status)
{
	bool known = b->outcome.broken;
	struct error e;

	if (WIFSIGNALED(status))
		error_set(&e, ERROR_INPUT, "%s: the script was killed by signal %d (%s)",
		    b->definition.name, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		error_set(&e, ERROR_INPUT, "%s: the script ended with status %d",
		    b->definition.name, WEXITSTATUS(status));
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
	/* one that is stopped because it is of no use any more has told nothing by that */
	if (!known || WIFEXITED(status))
		progress_script_failed(b);
}

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct build *b = arg;
	struct script *s = b->script;

	(void)usage;
	child_free(s->child);
	s->child = NULL;
	s->exited = true;
	timer_set(b, 0, NULL);
	/* what it wrote before it ended is still in the pipe; a child of its may hold the pipe open */
	while (s->out >= 0 && line_read(&s->lines, s->out) > 0)
		lines_take(b);
	if (s->out >= 0)
		out_end(b);
	scriptlog_drain(&s->log);
	stdin_close(b);
	if (!b->options->plan)
		end_said(b, status);
	if (status != 0 && !b->outcome.canceled && !s->overdue)
		failed(b, status);
}

static int
spawn(struct build *b, int in, int out, struct error *e)
{
	bool plan = b->options->plan;
	AUTO_CLOSE int log = plan ? -1 :
	    scriptlog_open(&b->script->log, b->folder.path, b->identity.run, b->mask, b->loop, e);
	struct environment env;
	char *argv[] = { b->definition.path, NULL };
	struct process_spec spec = { .path = b->definition.path, .name = b->definition.name,
		.argv = argv, .dir = b->dir, .in = in, .out = out, .err = plan ? STDERR_FILENO : log,
		/* under --plan the terminal's ^C is to reach it: nobody else would end it */
		.session = !plan };

	environment_open(&env, b->options->env.items, b->options->env.n);
	if (plan) {
		environment_set(&env, "MCI_PLAN", "1");
	} else {
		environment_set(&env, "MCI_BUILD", b->api_path);
		environment_set(&env, "MCI_BUILD_ID", b->identity.name);
		environment_set(&env, "MCI_SOURCE", b->identity.source);
	}
	spec.env = env.pairs;
	if (log >= 0 || plan)
		b->script->child = child_start(b->loop, &spec, ended, b, e);
	environment_close(&env);
	return b->script->child == NULL ? -1 : 0;
}

static int
coprocess_start(struct build *b, struct error *e)
{
	struct script *s = b->script;
	int in[2] = { -1, -1 }, out[2];
	struct bytes *line;

	s->coprocess = true;
	if (pipe2(out, O_CLOEXEC) < 0 || (!b->options->plan && pipe2(in, O_CLOEXEC) < 0))
		return error_sys(e, "pipe");
	if (!b->options->plan) {
		line = journal_begin(&b->journal, "script/initializing");
		emit_text(line, "script", b->definition.name);
		journal_end(&b->journal);
	}
	if (spawn(b, in[0], out[1], e) < 0)
		return -1;
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	s->out = out[0];
	if (b->options->plan)
		return out_watch(b, e);
	close(in[0]);
	line = journal_begin(&b->journal, "script/start");
	emit_text(line, "script", b->definition.name);
	emit_integer(line, "pid", child_pid(s->child));
	journal_end(&b->journal);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	s->feed = journal_feed(&b->journal, in[1], PUMP_OWNS | PUMP_WATCHES, 0, feed_gone, b, e);
	return s->feed == NULL ? -1 : out_watch(b, e);
}

int
script_start(struct build *b, struct error *e)
{
	b->script = xmalloc(sizeof(*b->script));
	b->script->out = -1;
	b->script->log = (struct scriptlog){ .pipe = -1, .dir = -1 };
	if (b->definition.kind == DEFINITION_SCRIPT)
		return coprocess_start(b, e);
	b->script->out = STDIN_FILENO;
	return out_watch(b, e);
}

void
script_round(struct build *b)
{
	struct script *s = b->script;

	if (s == NULL || s->idle_said || schedule_works(b) || (b->blocked > 0 && !prompt_gives_up(b)))
		return;
	if (b->outcome.broken && script_running(b)) {
		/* no spec can matter any more, and whoever writes them may never stop */
		s->idle_said = true;
		script_stop(b);
		return;
	}
	if (!s->coprocess || s->child == NULL || b->options->plan)
		return;
	if (s->out < 0) {
		s->idle_said = true;
		stdin_close(b);
		timer_set(b, GRACE, overdue_due);
		return;
	}
	if (!s->spec_came)
		return;
	s->idle_said = true;
	journal_begin(&b->journal, "script/idle");
	journal_end(&b->journal);
	if (s->feed == NULL) {
		deaf_wait(b);
		return;
	}
	/* one that reads nothing has its pipe full at some time, and never gets the line */
	timer_set(b, GRACE, quiet_due);
	journal_feed_mark(s->feed, journal_size(&b->journal) + (int64_t)b->journal.pending.len,
	    idle_passed);
}

void
script_stop(struct build *b)
{
	struct script *s = b->script;

	if (s == NULL)
		return;
	stdin_close(b);
	if (s->child != NULL) {
		child_signal_tree(s->child, SIGTERM);
		timer_set(b, TERM_GRACE, kill_due);
	} else if (s->out >= 0) {
		out_end(b);
	}
}

bool
script_running(const struct build *b)
{
	return b->script != NULL && (b->script->out >= 0 || b->script->child != NULL);
}

void
script_free(struct build *b)
{
	struct script *s = b->script;

	if (s == NULL)
		return;
	loop_cancel(b->loop, s->timer);
	stdin_close(b);
	child_signal_tree(s->child, SIGKILL);
	child_free(s->child);
	scriptlog_close(&s->log);
	line_free(&s->lines);
	free(s);
	b->script = NULL;
}
