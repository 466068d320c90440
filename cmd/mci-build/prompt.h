/*
 * prompt: asks the person at the terminal about blocked jobs, and knows what becomes of them when there is
 * none (--blocked). `mci unblock` and `mci cancel` answer as well.
 */
#ifndef MCI_BUILD_PROMPT_H
#define MCI_BUILD_PROMPT_H

#include "build.h"

/* Whether somebody can answer: a terminal on standard input, and one to show the question on. */
bool prompt_can_ask(const struct build *b);
/* A job is blocked. When nobody can be asked here, but the build will wait, this says how to let it go. */
void prompt_ask(struct build *b, uint32_t job);
/* Whether only blocked jobs are left and nobody is waited for. */
bool prompt_gives_up(const struct build *b);
/* Skips them. */
void prompt_give_up(struct build *b);
/* At the end: says which jobs were skipped so, and how to run them. */
void prompt_tell(const struct build *b);
void prompt_free(struct build *b);

#endif
