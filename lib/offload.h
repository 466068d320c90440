/*
 * offload: the one helper thread that a service may have: what blocks is done by it while the loop goes on:
 * syncs, renames and removals that are to last (names.h), a commit on a connection that it alone owns.
 *
 * Jobs are done one after the other, in the order in which they were given. Those that came while it was busy
 * are taken together, and those that are done are told together. A long piece of work is given in parts, each
 * by the end of the one before, so that others come in between.
 */
#ifndef MCI_OFFLOAD_H
#define MCI_OFFLOAD_H

#include "error.h"
#include "loop.h"

/* The owner's, and untouched from when it is given until done is called. */
struct offload_job {
	void (*work)(void *arg); /* on the thread: what it uses nobody else changes meanwhile */
	void (*done)(void *arg); /* on the loop; may free the job, or give it again. NULL: nobody waits
	                          * for it, and work may free the job at its end */
	void *arg;
	struct offload_job *next;
};

struct offload;
struct offload *offload_new(struct loop *loop, struct error *e);
void offload_give(struct offload *o, struct offload_job *job);
/* Waits until all that was given is done, without calling done; ends the thread. NULL is allowed. */
void offload_free(struct offload *o);

#endif
