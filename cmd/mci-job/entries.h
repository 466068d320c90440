/*
 * entries: one text for one shell that runs the entries of a script, each as if it stood alone: what is not
 * complete in one is an error there and reaches neither into the next nor into what we put between.
 */
#ifndef JOB_ENTRIES_H
#define JOB_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "specentries.h"

/*
 * Appends the text, for any shell that keeps to POSIX XCU 2 (dash, bash, busybox, ksh, zsh). It tells on
 * NOTES_PATH the number of each entry that begins but the first, and where entries_wait it waits for a line
 * from NOTES_WAIT_PATH then.
 */
void entries_join(struct bytes *b, const struct spec_entry *entries, size_t n);
/* Whether the end of the one before the entry of that index, from 1, or its own beginning, has a place in the
 * log: one of them has a name. */
bool entries_wait(const struct spec_entry *entries, size_t index);
/*
 * Whether the entry is for certain a whole command list (XCU 2.9.3): nothing that is appended on a line of
 * its own becomes part of it. Also false for many that are.
 */
bool entries_closed(const char *text);

#endif
