/* place: where the command was called: the project of the current folder, and builds named from
 * there. */
#ifndef MCI_PLACE_H
#define MCI_PLACE_H

#include "error.h"
#include "state.h"

/* The project of the current folder, or the folder itself where there is none. Caller frees. */
char *place_project(void);
/* Finds a build, or the job of one, by what the user wrote (buildfind.h); text NULL is "@". One of
 * a server has no path (remote.h). */
int place_build(struct state_build *b, const char *text, struct error *e);
int place_job(struct state_build *b, char **job, const char *text, struct error *e);
/* For what is about a build's files: -1 for one of a server. */
int place_here(const struct state_build *b, struct error *e);
/* Prints the error and says with which status to end. */
int place_complain(const struct error *e);

#endif
