/* logcompress: puts a finished log into its compressed form (logpack.h). */
#ifndef MCI_LOGCOMPRESS_H
#define MCI_LOGCOMPRESS_H

#include <stdint.h>

#include "error.h"

/*
 * Makes NAME.log.zst of the log name ("NAME.log") in the folder dir and then removes the raw file:
 * written as NAME.log.zst.tmp, synced, renamed, the folder synced. Killed anywhere, at least one of
 * the two is whole, and the call can be made again. The new file gets the time of the old one,
 * which readers show for logs without index. *before and *after, unless NULL, are the sizes.
 *
 * The log must have ended: one that grows meanwhile is left alone with ERROR_BUSY. Blocks for as
 * long as it takes, about 3 s a GB; holds 2 MiB, and 128 KiB more for each GB of log. 0 or -1.
 */
int logcompress(int dir, const char *name, int64_t *before, int64_t *after, struct error *e);

#endif
