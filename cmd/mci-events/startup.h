/* startup: how the hub's folder is taken over: the lock, and what the last hub or a crash left. */
#ifndef MCI_EVENTS_STARTUP_H
#define MCI_EVENTS_STARTUP_H

#include "journal.h"

/* Makes the folder if it is missing, opens and locks it. ERROR_BUSY when another hub has it. 0 or
 * -1. */
int startup_lock(struct journal *j, struct error *e);
/* Reads the segments (making the first of a new log), cuts what a crash left torn, begins an epoch
 * after one, and syncs everything. 0 or -1. */
int startup_read(struct journal *j, struct error *e);
/* Leaves the sign of an orderly end. */
void startup_say_clean(struct journal *j);

/* Calls each with the segments' first offsets, ascending; its first non-zero value ends it and is
 * returned. -1 with an error when the folder cannot be read. For whoever only looks, too. */
int startup_each(int dir, int (*each)(void *arg, uint64_t first, struct error *e), void *arg,
    struct error *e);

#endif
