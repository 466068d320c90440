#include "plan.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "bytes.h"
#include "intake.h"
#include "script.h"

/* A job that was not asked for is left out; so are the members of a matrix: their group is printed. */
static bool
printed(const struct graph *g, const struct job *j)
{
	if (j->plan == NULL)
		return false;
	if (!j->group)
		return !j->held;
	for (uint32_t k = j->needs; k != NO_JOB; k = g->edges[k].next) {
		if (!g->jobs[g->edges[k].job].held)
			return true;
	}
	return false;
}

static int
specs_print(const struct graph *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		if (printed(g, &g->jobs[i]))
			fputs(g->jobs[i].plan, stdout);
	}
	return EXIT_BUILD_SUCCESS;
}

/* Rounds until the script, or standard input, has ended. */
static void
idle(void *arg)
{
	struct build *b = arg;

	if (b->broken || !script_running(b))
		loop_stop(b->loop, 0);
}

static void
child_ended(void *arg, const struct signalfd_siginfo *info)
{
	int status;
	pid_t pid;

	(void)info;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		script_reaped(arg, pid, status);
}

static int
script_plan(struct build *b, struct error *e)
{
	if (loop_on_signal(b->loop, SIGCHLD, child_ended, b, e) < 0 || script_start(b, e) < 0)
		return -1;
	loop_on_idle(b->loop, idle, b);
	return loop_run(b->loop, e) < 0 ? -1 : 0;
}

int
plan_run(struct build *b)
{
	struct error e;
	bool usage = false;
	int result = b->definition.kind == DEFINITION_DOCUMENT ? intake_document(b, &e) :
	    script_plan(b, &e);

	if (result == 0 && !b->broken)
		result = intake_end(b, &usage, &e);
	if (result < 0)
		build_break(b, usage ? EXIT_BUILD_USAGE : EXIT_BUILD_ERROR, &e);
	return b->broken ? b->broken_exit : specs_print(&b->graph);
}
