#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "process.h"
#include "tails.h"
#include "terminal.h"

/* Without a view, so many failures are shown with so many lines of what they printed. */
#define TAILS 5
#define TAIL_LINES 20
#define NAMED 800 /* bytes of ids that one note lists */

static bool
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The default: a tree for people, else the stream; both when stdout is a file and stderr a terminal. */
static void
choose(struct progress *p)
{
	const char *want = p->form;
	bool people = isatty(STDERR_FILENO) != 0;

	if (want == NULL) {
		p->tree = people && (isatty(STDOUT_FILENO) || is_file(STDOUT_FILENO));
		p->json = !people || !isatty(STDOUT_FILENO);
	} else {
		p->tree = strcmp(want, "tree") == 0;
		p->json = strcmp(want, "json") == 0;
		p->plain = strcmp(want, "plain") == 0;
	}
}

/* Nobody reads any more: the caller has vanished. */
static void
json_gone(void *arg, int sys)
{
	struct progress *p = arg;

	p->json_feed = NULL;
	if (sys == 0 || sys == EPIPE) {
		outcome_cancel(p->outcome, 128 + SIGPIPE, "standard output was closed");
		return;
	}
	outcome_note(p->outcome, "standard output: %s", strerror(sys));
	outcome_cancel(p->outcome, EXIT_BUILD_ERROR, "standard output failed");
}

static void
tree_gone(void *arg, int sys)
{
	struct progress *p = arg;

	(void)sys;
	p->tree_feed = NULL;
}

/* group: a group of its own, so that the terminal's ^C is ours to answer and the view shows how that ends. */
static struct child *
view_start(struct progress *p, const char *const *argv, int in, int out, bool group, child_ended *ended,
    struct error *e)
{
	AUTO_FREE char *path = process_kit(argv[0]);
	struct process_spec spec = { .path = path, .argv = (char *const *)(uintptr_t)argv, .in = in,
		.out = out, .err = STDERR_FILENO, .group = group };

	return child_start(p->loop, &spec, ended, p, e);
}

static void
tree_ended(void *arg, int status, const struct rusage *usage)
{
	struct progress *p = arg;

	(void)status;
	(void)usage;
	child_free(p->tree_view);
	p->tree_view = NULL;
}

static int
tree_start(struct progress *p, struct error *e)
{
	const char *color = option_common.color != NULL ? option_common.color : "auto";
	const char *const argv[] = { "mci", "tree", "--no-settings", "--color", color, NULL };
	int pipe[2];

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	p->tree_view = view_start(p, argv, pipe[0], STDERR_FILENO, false, tree_ended, e);
	close(pipe[0]);
	if (p->tree_view == NULL) {
		close(pipe[1]);
		return -1;
	}
	fcntl(pipe[1], F_SETFL, O_NONBLOCK);
	p->tree_feed = journal_feed(p->journal, pipe[1], PUMP_OWNS | PUMP_WATCHES, 0, tree_gone, p, e);
	p->outcome->drawn = p->tree_feed != NULL;
	return p->outcome->drawn ? 0 : -1;
}

static void
plain_ended(void *arg, int status, const struct rusage *usage)
{
	struct progress *p = arg;

	(void)usage;
	child_free(p->plain_view);
	p->plain_view = NULL;
	p->failed = WIFEXITED(status) && WEXITSTATUS(status) != 0;
	if (status != 0)
		outcome_cancel(p->outcome, p->failed ? EXIT_BUILD_ERROR : 128 + SIGPIPE,
		    p->failed ? "standard output failed" : "standard output was closed");
}

static int
plain_start(struct progress *p, struct error *e)
{
	const char *color = option_common.color != NULL ? option_common.color : "auto";
	const char *const argv[] = { "mci-log", "follow", "--no-settings", "--color", color, "--states",
		p->workspace->folder.path, NULL };

	p->plain_view = view_start(p, argv, -1, STDOUT_FILENO, true, plain_ended, e);
	return p->plain_view == NULL ? -1 : 0;
}

int
progress_start(struct progress *p, struct error *e)
{
	p->started = true;
	choose(p);
	if (p->json && (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return error_set(e, ERROR_SYSTEM, "standard output is not open for writing");
	if (p->json) {
		p->json_feed = journal_feed(p->journal, STDOUT_FILENO, PUMP_SHARED | PUMP_WATCHES, 0,
		    json_gone, p, e);
		if (p->json_feed == NULL)
			return -1;
		journal_feed_await(p->json_feed);
	}
	if (p->tree && tree_start(p, e) < 0)
		return -1;
	return p->plain ? plain_start(p, e) : 0;
}

/* The end of a log in that folder, each line with its name in front; how many lines there were. */
static int
tail_show(const char *folder, const char *name, int attempt, bool show)
{
	AUTO_CLOSE int logs = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	AUTO_BYTES text = { 0 };
	int n = tails_lines(&text, logs, name, attempt, TAIL_LINES, false);
	const char *p = text.data, *end = p + text.len;

	while (n > 0 && show && p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		fprintf(stderr, "%s | %.*s\n", name, (int)(stop - p), p);
		p = stop + 1;
	}
	return n;
}

/* Of many failures only where their logs stand. */
static void
job_tail_show(struct progress *p, const struct job *j)
{
	bool show = p->tails < TAILS;
	int n = tail_show(p->workspace->logs, j->id, j->attempt, show);

	p->tails += n > 0;
	if (n == TAIL_LINES || (n > 0 && !show))
		outcome_note(p->outcome, "job %s: all of it: mci log %s/%s", j->id,
		    p->workspace->folder.name, j->id);
}

static void
job_ended(void *arg, const struct job *j, enum status status, const char *why)
{
	struct progress *p = arg;

	/* the views that are shown tell it themselves */
	if (!p->started || p->tree || p->json || p->plain || status == STATUS_SUCCESS)
		return;
	if (strcmp(why, status_name(status)) == 0)
		outcome_note(p->outcome, "job %s: %s", j->id, why);
	else
		outcome_note(p->outcome, "job %s: %s: %s", j->id, status_name(status), why);
	job_tail_show(p, j);
}

void
progress_script_failed(struct progress *p)
{
	if (!p->started || p->tree || p->plain)
		return;
	if (tail_show(p->workspace->folder.path, "script", p->workspace->identity.run, true) == TAIL_LINES)
		outcome_note(p->outcome, "the script: all of it: mci log %s", p->workspace->folder.name);
}

/* ---- the person at the terminal */

/* The blocked job that has waited longest, NO_JOB when none does. */
static uint32_t
oldest(const struct progress *p)
{
	for (uint32_t i = 0; i < p->schedule->graph->n; i++) {
		if (p->schedule->graph->jobs[i].status == STATUS_BLOCKED)
			return i;
	}
	return NO_JOB;
}

/* A tree that is drawn shows blocked jobs with the question. */
static void
question(const struct progress *p)
{
	uint32_t job = oldest(p);

	if (job != NO_JOB && !(p->outcome->drawn && terminal_moves(STDERR_FILENO)))
		fprintf(stderr, "mci-build: %s is blocked. Run it? [y/n] ", p->schedule->graph->jobs[job].id);
}

static void
answer(struct progress *p, struct span line)
{
	uint32_t job = oldest(p);

	if (job == NO_JOB || line.n == 0)
		return;
	if (line.p[0] == 'y' || line.p[0] == 'Y')
		schedule_unblock(p->schedule, job);
	else if (line.p[0] == 'n' || line.p[0] == 'N')
		schedule_cancel(p->schedule, job, "declined at the terminal");
	question(p);
}

static void
answers_come(void *arg, uint32_t events)
{
	struct progress *p = arg;
	ssize_t n = line_read(&p->answers, STDIN_FILENO);
	struct span line;

	(void)events;
	/* another reader of the terminal may have been faster */
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_forget(p->loop, STDIN_FILENO);
		p->asking = false;
		return;
	}
	while (line_next(&p->answers, &line) == LINE_OK)
		answer(p, line);
}

static bool
can_ask(const struct progress *p)
{
	return !p->specs && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

const char *
progress_hint(const struct progress *p)
{
	return can_ask(p) ? "type y and Enter to run it, n to cancel it" : NULL;
}

/* Whether a build waits for a person who may not be at its terminal. */
static bool
waits(const struct progress *p)
{
	if (p->blocked != NULL)
		return strcmp(p->blocked, "wait") == 0;
	return isatty(STDIN_FILENO) || isatty(STDERR_FILENO);
}

static void
ask(void *arg, uint32_t job)
{
	struct progress *p = arg;

	if (!can_ask(p)) {
		const char *id = p->schedule->graph->jobs[job].id, *name = p->workspace->folder.name;

		if (waits(p))
			outcome_note(p->outcome, "%s is blocked; to run it: mci unblock %s/%s "
			    "(to decline it: mci cancel %s/%s)", id, name, id, name, id);
		return;
	}
	if (!p->asking)
		p->asking = loop_watch(p->loop, STDIN_FILENO, EPOLLIN, answers_come, p, NULL) == 0;
	if (p->schedule->nblocked == 1)
		question(p);
}

const struct schedule_events progress_schedule_events = { .blocked = ask, .ended = job_ended };

bool
progress_gives_up(const struct progress *p)
{
	return p->schedule->nblocked > 0 && !schedule_works(p->schedule) &&
	    (p->schedule->nholding == 0 || !waits(p));
}

void
progress_give_up(struct progress *p)
{
	for (uint32_t i = 0; i < p->schedule->graph->n && p->left.len < NAMED; i++) {
		const struct job *j = &p->schedule->graph->jobs[i];

		if (j->status == STATUS_BLOCKED && !j->allow_failure)
			bytes_format(&p->left, " %s", j->id);
	}
	p->nleft += p->schedule->nholding;
	p->outcome->failed |= p->schedule->nholding > 0 && p->blocked != NULL &&
	    strcmp(p->blocked, "fail") == 0;
	schedule_leave_blocked(p->schedule);
}

void
progress_tell(const struct progress *p)
{
	AUTO_FREE char *who = NULL;
	bool one;

	if (p->nleft == 0)
		return;
	one = p->nleft == 1;
	who = one ? xformat("%.*s is", (int)p->left.len - 1, p->left.data + 1) :
	    xformat("%u jobs are", p->nleft);
	outcome_note(p->outcome, "%s blocked and nobody is asked: skipped, with all behind %s "
	    "(to run %s: mci run %s%s%.*s)", who, one ? "it" : "them", one ? "it" : "them",
	    p->file != NULL ? "-f " : "", p->given != NULL ? p->given : "",
	    (int)p->left.len - (p->given == NULL), p->left.data + (p->given == NULL));
}

/* ---- the end */

void
progress_finish(struct progress *p)
{
	p->outcome->drawn = false;
	if (p->tree_feed != NULL)
		journal_feed_finish(p->tree_feed);
	if (p->json_feed != NULL)
		journal_feed_finish(p->json_feed);
	/* finishing closes them, which is no business of theirs that we have to hear of */
	p->tree_feed = p->json_feed = NULL;
}

bool
progress_open(const struct progress *p)
{
	return p->tree_view != NULL || p->plain_view != NULL;
}

static void
views_drop(struct progress *p)
{
	child_free(p->tree_view);
	child_free(p->plain_view);
	p->tree_view = p->plain_view = NULL;
}

void
progress_close(struct progress *p)
{
	views_drop(p);
	if (p->asking)
		loop_forget(p->loop, STDIN_FILENO);
	p->asking = false;
	line_free(&p->answers);
	bytes_free(&p->left);
}

void
progress_abandon(struct progress *p)
{
	child_signal(p->plain_view, SIGTERM);
	views_drop(p);
}
