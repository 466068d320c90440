/*
 * prompt: asks the person at the terminal about blocked jobs, and knows what becomes of them when there is
 * none (--blocked). `mci unblock` and `mci cancel` answer as well.
 */
#ifndef MCI_BUILD_PROMPT_H
#define MCI_BUILD_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "line.h"
#include "loop.h"
#include "outcome.h"
#include "schedule.h"
#include "workspace.h"

struct prompt {
	/* the caller's */
	struct loop *loop;
	struct outcome *outcome;
	struct schedule *schedule;
	const struct workspace *workspace;
	const char *blocked;  /* --blocked: "wait", "skip", "fail"; NULL: as there is a terminal */
	const char *file, *given; /* as the definition was named: -f, or an operand; NULL */
	bool specs;           /* standard input is specs, and nobody's answers */
	/* the room's */
	struct line_reader lines;
	bool reading;
	struct bytes left;    /* " ID ID": blocked jobs that nobody let go */
	uint32_t nleft;
};

/* What events say of a blocked job; NULL when nobody can answer here: that takes a terminal on standard
 * input, and one to show the question on. */
const char *prompt_hint(const struct prompt *p);
/* A job is blocked; arg is the prompt. When nobody can be asked here, but the build will wait, this says how
 * to let it go. */
void prompt_ask(void *arg, uint32_t job);
/* Whether only blocked jobs are left and nobody is waited for: there is nobody, or each may as well not run
 * (allow-failure). */
bool prompt_gives_up(const struct prompt *p);
/* Skips them. */
void prompt_give_up(struct prompt *p);
/* At the end: says which jobs were skipped so that should have run, and how to run them. */
void prompt_tell(const struct prompt *p);
void prompt_close(struct prompt *p);

#endif
