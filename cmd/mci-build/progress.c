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

/* Without a view, so many failures are shown with so many lines of what they printed. */
#define TAILS 5
#define TAIL_LINES 20

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

void
progress_job_ended(struct progress *p, const struct job *j, enum status status, const char *why)
{
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

void
progress_close(struct progress *p)
{
	child_free(p->tree_view);
	child_free(p->plain_view);
	p->tree_view = p->plain_view = NULL;
}

void
progress_abandon(struct progress *p)
{
	child_signal(p->plain_view, SIGTERM);
	progress_close(p);
}
