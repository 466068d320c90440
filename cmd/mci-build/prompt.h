/* prompt: asks the person at the terminal about blocked jobs. `mci unblock` answers them as well. */
#ifndef MCI_BUILD_PROMPT_H
#define MCI_BUILD_PROMPT_H

#include "build.h"

/* Whether somebody can answer: a terminal on standard input, and one to show the question on. */
bool prompt_can_ask(const struct build *b);
/* A job is blocked. Without a terminal on standard input this only says how to unblock it. */
void prompt_ask(struct build *b, uint32_t job);
void prompt_free(struct build *b);

#endif
