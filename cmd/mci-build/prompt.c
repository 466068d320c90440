#include "prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line.h"
#include "memory.h"
#include "progress.h"
#include "schedule.h"
#include "terminal.h"

struct prompt {
	struct line_reader lines;
	bool reading;
};

/* The blocked job that has waited longest, NO_JOB when none does. */
static uint32_t
oldest(const struct build *b)
{
	for (uint32_t i = 0; i < b->graph.n; i++) {
		if (b->graph.jobs[i].status == STATUS_BLOCKED)
			return i;
	}
	return NO_JOB;
}

/* A tree that is drawn shows blocked jobs with the question. */
static void
question(const struct build *b)
{
	uint32_t job = oldest(b);

	if (job != NO_JOB && !(progress_tree(b) && terminal_moves(STDERR_FILENO)))
		fprintf(stderr, "mci-build: %s is blocked. Run it? [y/n] ", b->graph.jobs[job].id);
}

static void
answer(struct build *b, struct span line)
{
	uint32_t job = oldest(b);

	if (job == NO_JOB || line.n == 0)
		return;
	if (line.p[0] == 'y' || line.p[0] == 'Y')
		schedule_unblock(b, job);
	else if (line.p[0] == 'n' || line.p[0] == 'N')
		schedule_cancel(b, job, "declined at the terminal");
	question(b);
}

static void
ready(void *arg, uint32_t events)
{
	struct build *b = arg;
	struct span line;

	(void)events;
	if (line_read(&b->prompt->lines, STDIN_FILENO) <= 0) {
		loop_forget(b->loop, STDIN_FILENO);
		b->prompt->reading = false;
		return;
	}
	while (line_next(&b->prompt->lines, &line) == LINE_OK)
		answer(b, line);
}

bool
prompt_can_ask(const struct build *b)
{
	return b->definition.kind != DEFINITION_STDIN && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void
prompt_ask(struct build *b, uint32_t job)
{
	if (!prompt_can_ask(b)) {
		if (!progress_tree(b))
			build_note(b, "%s is blocked; to run it: mci unblock %s/%s", b->graph.jobs[job].id,
			    b->folder.name, b->graph.jobs[job].id);
		return;
	}
	if (b->prompt == NULL)
		b->prompt = xmalloc(sizeof(*b->prompt));
	if (!b->prompt->reading)
		b->prompt->reading = loop_watch(b->loop, STDIN_FILENO, EPOLLIN, ready, b, NULL) == 0;
	if (b->blocked == 1)
		question(b);
}

void
prompt_free(struct build *b)
{
	if (b->prompt == NULL)
		return;
	if (b->prompt->reading)
		loop_forget(b->loop, STDIN_FILENO);
	line_free(&b->prompt->lines);
	free(b->prompt);
	b->prompt = NULL;
}
