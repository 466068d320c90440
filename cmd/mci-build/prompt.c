#include "prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line.h"
#include "memory.h"
#include "progress.h"
#include "schedule.h"
#include "terminal.h"

#define NAMED 800 /* bytes of ids that one note lists */

struct prompt {
	struct line_reader lines;
	bool reading;
	struct bytes left; /* " ID ID": blocked jobs that nobody let go */
	uint32_t nleft;
};

static struct prompt *
prompt_of(struct build *b)
{
	if (b->prompt == NULL)
		b->prompt = xmalloc(sizeof(*b->prompt));
	return b->prompt;
}

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

	if (job != NO_JOB && !(b->outcome.drawn && terminal_moves(STDERR_FILENO)))
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
	ssize_t n = line_read(&b->prompt->lines, STDIN_FILENO);
	struct span line;

	(void)events;
	/* another reader of the terminal may have been faster */
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
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

/* Whether a build waits for a person who may not be at its terminal. */
static bool
waits(const struct build *b)
{
	if (b->options->blocked != NULL)
		return strcmp(b->options->blocked, "wait") == 0;
	return isatty(STDIN_FILENO) || isatty(STDERR_FILENO);
}

void
prompt_ask(struct build *b, uint32_t job)
{
	if (!prompt_can_ask(b)) {
		const char *id = b->graph.jobs[job].id, *name = b->folder.name;

		if (waits(b))
			outcome_note(&b->outcome, "%s is blocked; to run it: mci unblock %s/%s "
			    "(to decline it: mci cancel %s/%s)", id, name, id, name, id);
		return;
	}
	if (!prompt_of(b)->reading)
		b->prompt->reading = loop_watch(b->loop, STDIN_FILENO, EPOLLIN, ready, b, NULL) == 0;
	if (b->blocked == 1)
		question(b);
}

bool
prompt_gives_up(const struct build *b)
{
	return b->blocked > 0 && !schedule_works(b) && !waits(b);
}

void
prompt_give_up(struct build *b)
{
	struct prompt *p = prompt_of(b);

	for (uint32_t i = 0; i < b->graph.n && p->left.len < NAMED; i++) {
		if (b->graph.jobs[i].status == STATUS_BLOCKED)
			bytes_format(&p->left, " %s", b->graph.jobs[i].id);
	}
	p->nleft += b->blocked;
	b->outcome.failed |= b->options->blocked != NULL && strcmp(b->options->blocked, "fail") == 0;
	schedule_leave_blocked(b);
}

void
prompt_tell(const struct build *b)
{
	const struct build_options *o = b->options;
	const struct prompt *p = b->prompt;
	AUTO_FREE char *who = NULL;
	bool one;

	if (p == NULL || p->nleft == 0)
		return;
	one = p->nleft == 1;
	who = one ? xformat("%.*s is", (int)p->left.len - 1, p->left.data + 1) :
	    xformat("%u jobs are", p->nleft);
	outcome_note(&b->outcome, "%s blocked and nobody is asked: skipped, with all behind %s "
	    "(to run %s: mci run %s%s%.*s)", who, one ? "it" : "them", one ? "it" : "them",
	    o->file != NULL ? "-f " : "", o->given != NULL ? o->given : "",
	    (int)p->left.len - (o->given == NULL), p->left.data + (o->given == NULL));
}

void
prompt_free(struct build *b)
{
	if (b->prompt == NULL)
		return;
	if (b->prompt->reading)
		loop_forget(b->loop, STDIN_FILENO);
	line_free(&b->prompt->lines);
	bytes_free(&b->prompt->left);
	free(b->prompt);
	b->prompt = NULL;
}
