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

#endif
