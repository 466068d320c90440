/* startup: how the hub's folder becomes a journal, with what the last hub or a crash left in it. */
#ifndef MCI_EVENTS_STARTUP_H
#define MCI_EVENTS_STARTUP_H

#include "journal.h"

/*
 * Opens the folder, which is the caller's alone, reads the segments (making the first of a new log), cuts
 * what a crash left torn, begins an epoch after one, and syncs it: everything in the log is on the disk
 * when this returns. 0 or -1.
 */
int startup_open(struct journal *j, const char *path, int64_t segment_size, struct error *e);

#endif
