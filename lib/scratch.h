/*
 * scratch: a folder, or a file, for as long as a process lives, for its sockets and passing files. A
 * folder is locked (flock(2)) by who has it and those that it forks: what a killed process leaves is
 * nobody's, and is removed when the next one makes a folder of that kind.
 */
#ifndef MCI_SCRATCH_H
#define MCI_SCRATCH_H

#include "error.h"

struct scratch {
	char *path; /* PARENT/KIND-XXXXXX; NULL: none */
	int fd;     /* the lock */
};

/* For this user alone. left (may be NULL) is called with the path of each folder that a killed
 * process left, before that is removed. 0 or -1. */
int scratch_make(struct scratch *s, const char *parent, const char *kind, void (*left)(const char *path),
    struct error *e);
/* Removes it with all that is in it. {0} or one that could not be made is fine. */
void scratch_remove(struct scratch *s);

/* A file without a name in $TMPDIR, else /tmp, that goes with its descriptors: one that appends, and *reader
 * to read it. -1 with an error. */
int scratch_file(int *reader, struct error *e);

#endif
