/*
 * rooms: what runners give attempts on a disk: a folder for each alone, and a home for all of the run.
 * One that was left as it was made serves the next attempt: folders cost more to make than all else
 * that is done for a job in the sandbox.
 */
#ifndef JOB_ROOMS_H
#define JOB_ROOMS_H

#include "site.h"

/* Makes one of this name, and the home that all share; *room gets its path, the caller's to free. It
 * goes with the site's rooms. 0 or -1. */
int rooms_make(struct site *site, const char *name, char **room, struct error *e);
/* A folder for this attempt, where nobody else looks: empty, or with folders "tmp" and "run" that are. 0
 * or -1. */
int rooms_take(struct attempt *a, struct error *e);
/* The attempt is over: the folder is kept for another, or begins to be removed; nobody waits for that. */
void rooms_leave(struct attempt *a);
/* All of them go. */
void rooms_close(struct site *site);

#endif
