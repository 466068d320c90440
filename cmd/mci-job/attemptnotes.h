/* attemptnotes: what an attempt tells of itself while it runs: notes of the job, and at which entry it is. */
#ifndef JOB_ATTEMPTNOTES_H
#define JOB_ATTEMPTNOTES_H

#include "site.h"

/* The slot's own pipe, made for the first job that runs in it. 0 or -1. */
int attemptnotes_open(struct attempt *a, struct error *e);
/* a->entry begins. */
void attemptnotes_entry(struct attempt *a);
/* It has ended with this exit status; one with a name ends at a place in the log. */
void attemptnotes_entry_end(struct attempt *a, int status);

#endif
