/* record: the small files of the hub's folder: written whole and durably, read as JSON lines. */
#ifndef MCI_EVENTS_RECORD_H
#define MCI_EVENTS_RECORD_H

#include <stdint.h>

#include "bytes.h"
#include "error.h"

/* Replaces the file name in dir: a new file, synced, renamed over it, and the folder synced.
 * Whoever looks finds the old text or the new one, also after a power cut. 0 or -1. */
int record_write(int dir, const char *name, struct span text, struct error *e);
/* The integer member key of a line, at least min. 0, or -1 with an error that names it. */
int record_integer(struct span line, const char *key, int64_t min, int64_t *out, struct error *e);

#endif
