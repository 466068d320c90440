#include "prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "terminal.h"

#define NAMED 800 /* bytes of ids that one note lists */

/* The blocked job that has waited longest, NO_JOB when none does. */
static uint32_t
oldest(const struct prompt *p)
{
	for (uint32_t i = 0; i < p->schedule->graph->n; i++) {
		if (p->schedule->graph->jobs[i].status == STATUS_BLOCKED)
			return i;
	}
	return NO_JOB;
}

/* A tree that is drawn shows blocked jobs with the question. */
static void
question(const struct prompt *p)
{
	uint32_t job = oldest(p);

	if (job != NO_JOB && !(p->outcome->drawn && terminal_moves(STDERR_FILENO)))
		fprintf(stderr, "mci-build: %s is blocked. Run it? [y/n] ", p->schedule->graph->jobs[job].id);
}

static void
answer(struct prompt *p, struct span line)
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
ready(void *arg, uint32_t events)
{
	struct prompt *p = arg;
	ssize_t n = line_read(&p->lines, STDIN_FILENO);
	struct span line;

	(void)events;
	/* another reader of the terminal may have been faster */
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_forget(p->loop, STDIN_FILENO);
		p->reading = false;
		return;
	}
	while (line_next(&p->lines, &line) == LINE_OK)
		answer(p, line);
}

static bool
can_ask(const struct prompt *p)
{
	return !p->specs && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

const char *
prompt_hint(const struct prompt *p)
{
	return can_ask(p) ? "type y and Enter to run it, n to cancel it" : NULL;
}

/* Whether a build waits for a person who may not be at its terminal. */
static bool
waits(const struct prompt *p)
{
	if (p->blocked != NULL)
		return strcmp(p->blocked, "wait") == 0;
	return isatty(STDIN_FILENO) || isatty(STDERR_FILENO);
}

void
prompt_ask(void *arg, uint32_t job)
{
	struct prompt *p = arg;

	if (!can_ask(p)) {
		const char *id = p->schedule->graph->jobs[job].id, *name = p->workspace->folder.name;

		if (waits(p))
			outcome_note(p->outcome, "%s is blocked; to run it: mci unblock %s/%s "
			    "(to decline it: mci cancel %s/%s)", id, name, id, name, id);
		return;
	}
	if (!p->reading)
		p->reading = loop_watch(p->loop, STDIN_FILENO, EPOLLIN, ready, p, NULL) == 0;
	if (p->schedule->nblocked == 1)
		question(p);
}

bool
prompt_gives_up(const struct prompt *p)
{
	return p->schedule->nblocked > 0 && !schedule_works(p->schedule) &&
	    (p->schedule->nholding == 0 || !waits(p));
}

void
prompt_give_up(struct prompt *p)
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
prompt_tell(const struct prompt *p)
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

void
prompt_close(struct prompt *p)
{
	if (p->reading)
		loop_forget(p->loop, STDIN_FILENO);
	p->reading = false;
	line_free(&p->lines);
	bytes_free(&p->left);
}
