/*
 * limits: what an attempt may use, whatever its runner starts. Where there is a cgroup the kernel adds up its
 * processes and tells when they had too much; what cgroups do not know, or where there are none, is bound by
 * setrlimit(2) for each process and looked at from time to time. See speclimits.h for the names.
 */
#ifndef JOB_LIMITS_H
#define JOB_LIMITS_H

#include "site.h"

/* Whether the spec asks for more than the settings let a job have. 0 or -1. */
int limits_check(const struct settings *settings, const struct spec *s, struct error *e);
/* Sets the attempt's limits up; hit is called when it may have had too much. 0 or -1. */
int limits_prepare(struct attempt *a, loop_ready *hit, struct error *e);
/* It runs: what has to be looked at is. due is called for that, and calls limits_hit. */
void limits_watch(struct attempt *a, loop_due *due);
/* The reason it is to end for, with a->error set; NULL: it had not too much. status is that of a leader
 * that has ended, -1 of one that runs. */
const char *limits_hit(struct attempt *a, int status);
/* Says that it had too much of this: the reason. */
const char *limits_over(struct attempt *a, enum limit which);
/* Appends the members of job/start. */
void limits_event(struct bytes *b, const struct attempt *a);
/* The attempt is over. */
void limits_end(struct attempt *a);

#endif
