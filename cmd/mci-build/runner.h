/* runner: the link to mci-job: specs and cancels go down, events come up and go on into the journal. */
#ifndef MCI_BUILD_RUNNER_H
#define MCI_BUILD_RUNNER_H

#include "build.h"

/* Starts mci-job for this build. 0 or -1. */
int runner_start(struct build *b, struct error *e);
/* Whether it takes more for now: what it has not read yet is little, and it masks all secrets that the
 * build began with. */
bool runner_takes(const struct build *b);
/* Gives it one attempt. */
void runner_send(struct build *b, const struct job *j);
void runner_cancel(struct build *b, const char *id);
/* Tells it a value to mask; with a name (else NULL) it is given to jobs that name it. r is answered when
 * mci-job has answered; with NULL no attempt is sent before. -1: nothing was sent. */
int runner_mask(struct build *b, const char *name, const char *value, struct request *r,
    struct error *e);
/* No attempt will come any more: it ends when what runs has ended. */
void runner_finish(struct build *b);
/* Whether it is still there. */
bool runner_alive(const struct build *b);
/* Sends it a signal, for stopping and continuing. */
void runner_signal(struct build *b, int signal);
/* Kills it and everything below at once. */
void runner_kill(struct build *b);
void runner_free(struct build *b);

#endif
