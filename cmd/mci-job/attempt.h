/*
 * attempt: one attempt at one job, from its spec to job/executed. It lives in a slot of the site. All that
 * it started is gone before it is over: its process group, and what is known by the attempt's token,
 * the unique MCI_OUTPUT in its environment, among the orphans that became our children.
 */
#ifndef JOB_ATTEMPT_H
#define JOB_ATTEMPT_H

#include <stdbool.h>
#include <sys/types.h>

#include "site.h"
#include "spec.h"

/* Takes the spec over and starts it in this free slot, or has its log opened first. When it cannot be started
 * it is over at once; only when descriptors, memory or processes are short and other attempts run, it is
 * starved and site->scarce. */
void attempt_start(struct attempt *a, struct spec *spec);
/* Tries a starved one again. */
void attempt_retry(struct attempt *a);
/* Some orphan has ended: is anything left of this attempt? */
void attempt_recheck(struct attempt *a);
/* TERM to all of it, KILL after the grace time. The first reason stays. One that was not started yet is over
 * at once. */
void attempt_cancel(struct attempt *a, const char *reason);
/* KILL to all of it. */
void attempt_kill(struct attempt *a, const char *reason);
/* Any signal to all of it (STOP, CONT). */
void attempt_signal(struct attempt *a, int signal);

/* While on, nothing is read that would add to the report; what writes it waits in its pipe. Also for a slot
 * that is free. */
void attempt_hold(struct attempt *a, bool on);

/* A spec that never got a slot: reports it canceled. */
void attempt_drop(struct site *site, const struct spec *spec);

#endif
