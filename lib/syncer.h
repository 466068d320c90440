/*
 * syncer: the one helper thread that a service may have: it brings files to the disk while the loop
 * goes on. One job at a time; what is written meanwhile goes with the next one (group commit).
 */
#ifndef MCI_SYNCER_H
#define MCI_SYNCER_H

#include <stdbool.h>

#include "error.h"
#include "loop.h"

/* Files that one job may hold, and folders. */
#define SYNCER_FILES 16
#define SYNCER_FOLDERS 16

struct syncer;
/* sys is 0, or the errno of the first descriptor that could not be synced. Called on the loop. */
typedef void syncer_done(void *arg, int sys);

struct syncer *syncer_new(struct loop *loop, syncer_done *done, void *arg, struct error *e);
/* Whether a job is under way. */
bool syncer_busy(const struct syncer *s);
/* Syncs the data of the n files in their order, and then the names in the folders in theirs. Only while not
 * busy; the descriptors stay open until done is called. */
void syncer_start(struct syncer *s, const int *files, int n, const int *folders, int nfolders);
/* Waits for a job that is under way, without calling done; ends the thread. NULL is allowed. */
void syncer_free(struct syncer *s);

#endif
