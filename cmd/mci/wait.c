#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "memory.h"
#include "place.h"
#include "source.h"
#include "verbs.h"
#include "verdict.h"
#include "wait.h"

struct options {
	int64_t timeout;
};

static const struct option options[] = {
	{ .name = "timeout", .value = "TIME", .help = "give up after TIME: status 124",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, timeout) },
};

struct waiting {
	struct loop *loop;
	struct fold fold;
	struct error why;
};

static bool
take_line(void *arg, struct span line)
{
	struct waiting *w = arg;
	struct message m;

	if (message_read(&m, line.p, line.n, NULL) == 0)
		fold_event(&w->fold, &m, NULL);
	return w->fold.ended != 0;
}

static void
take_end(void *arg, const struct error *why)
{
	struct waiting *w = arg;

	if (why != NULL)
		w->why = *why;
	loop_stop(w->loop, 0);
}

static void
give_up(void *arg)
{
	struct waiting *w = arg;

	loop_stop(w->loop, 124);
}

/* What the exit status was, or would have been. */
static int
build_exit(struct waiting *w, const struct state_build *b)
{
	if (w->why.code == ERROR_NONE && w->fold.ended == 0)
		error_set(&w->why, ERROR_INTERNAL, "%s was killed before it ended", b->name);
	if (w->why.code != ERROR_NONE)
		return place_complain(&w->why);
	return verdict_build(&w->fold);
}

int
wait_build(const struct state_build *b, int64_t timeout)
{
	struct waiting w = { 0 };
	struct source s = { .line = take_line, .done = take_end, .arg = &w, .fd = -1 };
	struct error e;
	int status;

	fold_init(&w.fold);
	w.loop = loop_new(&e);
	if (w.loop == NULL || source_follow(&s, w.loop, b, &e) < 0) {
		status = place_complain(&e);
	} else {
		if (timeout > 0)
			loop_after(w.loop, timeout, give_up, &w);
		status = loop_run(w.loop, &e);
		status = status < 0 ? place_complain(&e) : status > 0 ? status : build_exit(&w, b);
	}
	source_free(&s);
	if (w.loop != NULL)
		loop_free(w.loop);
	fold_free(&w.fold);
	return status;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct state_build b;
	struct error e;
	int status;

	if (place_build(&b, argc == 1 ? argv[0] : NULL, &e) < 0)
		status = place_complain(&e);
	else
		status = wait_build(&b, o->timeout);
	state_build_free(&b);
	return status;
}

const struct command wait_command = {
	.program = "mci",
	.verb = "wait",
	.operands = "[BUILD]",
	.summary = "wait until a build has ended, and exit as it did",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = 1,
	.complete = "builds",
	.run = run,
	.size = sizeof(struct options),
};
