#include "opening.h"

#include <signal.h>

#include "duration.h"
#include "holders.h"
#include "kernel.h"
#include "order.h"

/* Between two tries to have the folder of a build that goes on. */
#define AGAIN (20 * MILLISECOND)
/* Longer than jobs have from TERM to KILL. */
#define PATIENCE (10 * SECOND)

/* No one waits for the jobs: whoever goes on with the build may be about to start them. */
static void
let_go(void *arg)
{
	outcome_cut(arg, "the agent is gone");
}

/* Who still has the folder: one that was stopped goes on, and hears that it is over, or it is killed.
 * 0, or -1 when even that was not heard. */
static int
press(const struct workspace *w, int64_t waited, int *pressed, struct error *e)
{
	static const int signals[] = { SIGCONT, SIGKILL };

	if (*pressed < 2 && waited >= *pressed * PATIENCE)
		holders_signal(w->folder.lock, signals[(*pressed)++]);
	return waited < 2 * PATIENCE ? 0 : error_set(e, ERROR_BUSY,
	    "%s: the run before this one does not end", w->folder.path);
}

/* What a part of the run before still does in the folder ends, as its lifeline has. */
static int
ordered(const struct opening *o, struct error *e)
{
	const struct build_options *options = o->options;
	int64_t since = 0;
	int pressed = 0;
	int taken = 0;

	if (order_hold(options->order, o->loop, let_go, o->outcome, e) < 0)
		return -1;
	while (taken == 0 && !o->outcome->cut) {
		taken = workspace_take(o->workspace, options->order, e);
		if (since == 0)
			since = kernel.now();
		if (taken == 0 && (press(o->workspace, kernel.now() - since, &pressed, e) < 0 ||
		    loop_round(o->loop, kernel.now() + AGAIN, e) < 0))
			return -1;
	}
	if (taken <= 0)
		return -1;
	return resume_ordered(o->resume, o->loop, o->outcome, options->order,
	    o->definition->kind == DEFINITION_SCRIPT, e);
}

/* What is left of the run before ends, as whoever has started it is gone. */
static int
resumed(const struct opening *o, struct error *e)
{
	const char *folder = o->options->resume_at;
	int64_t until = kernel.now() + PATIENCE;
	int taken;

	while ((taken = workspace_resume(o->workspace, folder, e)) == 0 && kernel.now() < until) {
		if (loop_round(o->loop, kernel.now() + AGAIN, e) < 0)
			return -1;
	}
	if (taken == 0)
		return error_set(e, ERROR_BUSY, "%s still runs", o->workspace->folder.name);
	if (taken < 0 || resume_folder(o->resume, folder, e) < 0)
		return taken < 0 ? -1 : error_before(e, "%s: ", o->workspace->folder.name);
	return workspace_go_on(o->workspace, (int)o->resume->past.run + 1, o->options->log_dir, e);
}

int
opening_folder(const struct opening *o, struct error *e)
{
	if (o->options->resume_at != NULL)
		return resumed(o, e);
	if (o->options->order != NULL)
		return ordered(o, e);
	return workspace_open(o->workspace, o->definition->project, o->options->log_dir, e);
}

static void
checkout_note(void *arg, const char *text)
{
	outcome_note(arg, "%s", text);
}

int
opening_checkout(const struct opening *o, struct error *e)
{
	if (o->resume->past.dir != NULL) {
		workspace_return(o->workspace, o->resume->past.dir);
		return 0;
	}
	return workspace_check_out(o->workspace, o->definition->project, o->options->rev, checkout_note,
	    o->outcome, e);
}
