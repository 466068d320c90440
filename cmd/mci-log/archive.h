/* archive: the folder that finished logs are moved to; it has the layout of the one that they come from. */
#ifndef MCI_LOG_ARCHIVE_H
#define MCI_LOG_ARCHIVE_H

#include "error.h"

/* The folder that "file:DIR" or DIR names; NULL for NULL. 0, or -1 for another address. */
int archive_folder(const char *address, const char **folder, struct error *e);
/*
 * Moves the log of that name ("unit.log", or what it was compressed to) and its index from the folder dir to
 * ARCHIVE/FOLDER, which is made. Each is copied, synced, renamed to its name and only then removed here; the
 * index, without which nobody looks for a log, last. Killed anywhere, the call can be made again. 0 or -1.
 */
int archive_move(int dir, const char *archive, const char *folder, const char *log, struct error *e);

#endif
