/* left: what the jobs of a build have left in the store of files, as verbs show it. */
#ifndef MCI_LEFT_H
#define MCI_LEFT_H

#include "bytes.h"
#include "fold.h"

/* Appends the member artifacts to an open object; nothing when there are none. */
void left_emit(struct bytes *into, const struct fold_job *j);
/* Prints those of all jobs, or of that of an id (NULL: all), as a table, with an empty line in front. */
void left_print(const struct fold *f, const char *job);
/* Appends a line for each, "artifact unit/report: 3 files, 5120 bytes", at most a few. */
void left_add(struct bytes *b, const struct fold *f);

#endif
