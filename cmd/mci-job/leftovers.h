/*
 * leftovers: what has to be undone outside this program's processes when they are gone, however that
 * came: commands in files STEM.undo of the scratch folder. Whoever of mci-job's two processes is left
 * carries them out; when both were killed the next mci-job of this user does.
 */
#ifndef JOB_LEFTOVERS_H
#define JOB_LEFTOVERS_H

#include "error.h"

/* Leaves word to run argv, an absolute path and its arguments. 0 or -1. */
int leftovers_note(const char *stem, char *const *argv, struct error *e);
/* The command that was noted, with NULL behind it, in one piece of memory that the caller frees; NULL:
 * none. */
char **leftovers_command(const char *stem);
/* It is done, or needs not be. */
void leftovers_forget(const char *stem);
/* Runs all that were noted in the folder, one after another, and waits for them, each for ten seconds
 * at most. For a process that ends. */
void leftovers_run(const char *scratch);

#endif
