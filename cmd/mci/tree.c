#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "place.h"
#include "process.h"
#include "remote.h"
#include "source.h"
#include "verbs.h"
#include "verdict.h"
#include "view.h"

/* At most ten pictures a second, and four looks a second at what jobs print. */
#define FRAME_PAUSE (100 * MILLISECOND)
#define LOOK_PAUSE (250 * MILLISECOND)

struct options {
	bool judge;
};

static const struct option options[] = {
	{ .name = "exit-status", .help = "exit as the build did, as with standard input",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, judge) },
};

struct tree {
	struct loop *loop;
	struct source source;
	struct view view;
	struct verdict verdict;
	struct loop_timer *frame;
	int64_t frame_at;
	int64_t drawn_at;
	uint64_t lines, bad;
	struct error first; /* of the bad lines */
	struct error why;   /* the source, or the terminal, failed */
};

static void draw(void *arg);

/* The next picture: now when the last one is old enough, else when it will be. */
static void
draw_within(struct tree *t, int64_t pause)
{
	int64_t at = t->drawn_at + pause;

	if (t->frame != NULL && t->frame_at <= at)
		return;
	loop_cancel(t->loop, t->frame);
	t->frame_at = at;
	t->frame = loop_at(t->loop, at, draw, t);
}

static void
draw(void *arg)
{
	struct tree *t = arg;

	t->frame = NULL;
	t->drawn_at = kernel.now();
	if (view_draw(&t->view) < 0) {
		error_sys(&t->why, "write standard output");
		loop_stop(t->loop, 1);
	} else if (view_moves(&t->view)) {
		draw_within(t, LOOK_PAUSE);
	}
}

/* Of several builds each has a picture of its own. */
static void
take_event(struct tree *t, const struct message *m)
{
	if (t->view.fold.ended != 0 && m->type.n > 6 && memcmp(m->type.p, "build/", 6) == 0 &&
	    view_end(&t->view) == 0)
		view_restart(&t->view);
	view_event(&t->view, m);
	verdict_event(&t->verdict, m, &t->view.fold);
}

static bool
take_line(void *arg, struct span line)
{
	struct tree *t = arg;
	struct message m;
	struct error e;

	t->lines++;
	if (message_read(&m, line.p, line.n, &e) == 0 && m.kind != MESSAGE_EVENT)
		error_set(&e, ERROR_INPUT, "expected an event, found another kind of line");
	else if (m.kind == MESSAGE_EVENT && m.type.n > 0) {
		take_event(t, &m);
		draw_within(t, FRAME_PAUSE);
		return span_is(m.type, "build/end");
	}
	if (t->bad++ == 0) {
		t->first = e;
		error_before(&t->first, "line %llu: ", (unsigned long long)t->lines);
	}
	return false;
}

static void
take_end(void *arg, const struct error *why)
{
	struct tree *t = arg;

	if (why != NULL)
		t->why = *why;
	loop_stop(t->loop, 0);
}

static void
on_resize(void *arg, const struct signalfd_siginfo *info)
{
	struct tree *t = arg;

	(void)info;
	screen_resize(&t->view.screen);
	draw_within(t, FRAME_PAUSE);
}

/* ^Z: the cursor is below the picture already. What the shell prints then is not drawn over. */
static void
on_stop(void *arg, const struct signalfd_siginfo *info)
{
	struct tree *t = arg;

	(void)info;
	screen_leave(&t->view.screen);
	raise(SIGSTOP);
	screen_resize(&t->view.screen);
	draw_within(t, 0);
}

/* The terminal is left as it was found. */
static void
on_death(void *arg, const struct signalfd_siginfo *info)
{
	struct tree *t = arg;
	sigset_t one;

	screen_leave(&t->view.screen);
	signal((int)info->ssi_signo, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, (int)info->ssi_signo);
	raise((int)info->ssi_signo);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static int
signals_watch(struct tree *t, struct error *e)
{
	static const int deaths[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction was;

	if (!t->view.screen.moves)
		return 0;
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		/* what is ignored, or caught as the end of a pipe has it, is no death */
		if (sigaction(deaths[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL &&
		    loop_on_signal(t->loop, deaths[i], on_death, t, e) < 0)
			return -1;
	}
	if (loop_on_signal(t->loop, SIGWINCH, on_resize, t, e) < 0)
		return -1;
	return loop_on_signal(t->loop, SIGTSTP, on_stop, t, e);
}

/* Says what is wrong with the events; 0, or the status for it. */
static int
report(struct tree *t)
{
	struct error e;
	int status = 0;

	if (t->why.code != ERROR_NONE)
		status = place_complain(&t->why);
	if (t->bad > 0) {
		if (t->bad > 1)
			error_before(&t->first, "%llu lines are no events; the first: ",
			    (unsigned long long)t->bad);
		place_complain(&t->first);
		status = VERDICT_CUT;
	}
	if (t->verdict.n > 0 || (!t->verdict.builds && t->view.fold.njobs == 0)) {
		error_set(&e, ERROR_INPUT, t->lines == 0 ? "there are no events" :
		    "the events stop before the build's end");
		place_complain(&e);
		status = VERDICT_CUT;
	}
	return status;
}

/* Reads fd, or follows b, to the end; with judge the status is that of what is shown. */
static int
tree_run(int fd, const struct state_build *b, bool judge)
{
	struct tree t = { .source = { .line = take_line, .done = take_end, .fd = -1 } };
	struct error e;
	int status, verdict;

	t.source.arg = &t;
	t.drawn_at = INT64_MIN / 2;
	view_open(&t.view, STDOUT_FILENO, b != NULL && remote_is(b));
	t.loop = loop_new(&e);
	if (t.loop == NULL || signals_watch(&t, &e) < 0 ||
	    (b != NULL ? source_follow(&t.source, t.loop, b, &e) :
	    source_open(&t.source, t.loop, fd, &e)) < 0 || loop_run(t.loop, &e) < 0) {
		status = place_complain(&e);
	} else {
		if (t.why.code == ERROR_NONE && view_end(&t.view) < 0)
			error_sys(&t.why, "write standard output");
		status = report(&t);
		verdict = judge ? verdict_stream(&t.verdict, &t.view.fold) : 0;
		status = verdict != 0 ? verdict : status;
	}
	verdict_free(&t.verdict);
	source_free(&t.source);
	if (t.loop != NULL)
		loop_free(t.loop);
	view_free(&t.view);
	return status;
}

int
tree_build(const struct state_build *b, bool judge)
{
	return tree_run(-1, b, judge);
}

/* A build by its name, else a file. */
static int
tree_named(const char *text, bool judge)
{
	struct state_build b;
	struct error e;
	struct stat st;
	int status, fd;

	if (place_build(&b, text, &e) == 0) {
		status = tree_build(&b, judge);
	} else if (stat(text, &st) == 0 && !S_ISDIR(st.st_mode)) {
		fd = kernel.open(AT_FDCWD, text, O_RDONLY, 0);
		if (fd < 0)
			error_sys(&e, "%s", text);
		status = fd < 0 ? place_complain(&e) : tree_run(fd, NULL, judge);
	} else {
		status = place_complain(&e);
	}
	state_build_free(&b);
	return status;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;

	if (argc == 1 && strcmp(argv[0], "-") != 0)
		return tree_named(argv[0], o->judge);
	/* nobody types events */
	if (argc == 0 && isatty(STDIN_FILENO))
		return tree_named("@", o->judge);
	/* who writes the events is told to stop, and says how it ended; we end with the stream, and as it
	 * did: a shell sees only the last command of a pipe */
	if (signal(SIGINT, process_caught) == SIG_IGN)
		signal(SIGINT, SIG_IGN);
	return tree_run(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), NULL, true);
}

const struct command tree_command = {
	.program = "mci",
	.verb = "tree",
	.operands = "[FILE|BUILD]",
	.summary = "show events from a file, a build or standard input as a tree",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = 1,
	.complete = "builds",
	.run = run,
	.size = sizeof(struct options),
};
