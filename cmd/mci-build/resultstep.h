/*
 * resultstep: the steps of a job whose result may be another run's (content.h), in the order in which they
 * are taken: what it is made from is copied and digested, a result of that key looked for, and what a real
 * run came to is kept.
 */
#ifndef MCI_BUILD_RESULTSTEP_H
#define MCI_BUILD_RESULTSTEP_H

#include "content.h"
#include "filestep.h"

/* Where such a job's files are while it is at work: its name below, or the folder itself for name "". The
 * caller frees. */
char *resultstep_path(const struct filestep_site *at, const struct job *j, const char *name);
/* Makes these folders anew, all empty. Blocks for a moment. 0 or -1. */
int resultstep_folders(const struct filestep_site *at, const struct job *j, struct error *e);
/* Adds the command line of a step. */
void resultstep_words(const struct filestep_site *at, uint32_t job, const struct filestep *s,
    struct filewords *w);
/* What mci-job is given to print the log that was found; the caller frees. */
char *resultstep_replay(const struct filestep_site *at, const struct job *j);

#endif
