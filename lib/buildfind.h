/* buildfind: the build, or the job of one, that a user names: of a folder here, else of a server. */
#ifndef MCI_BUILDFIND_H
#define MCI_BUILDFIND_H

#include <stdbool.h>

#include "error.h"
#include "state.h"

/*
 * As state_build_find and state_job_meant (state.h), but that an ORG/REPO/N which is not here is a
 * server's: that has no path, and whether it is there is not known.
 */
int buildfind_build(struct state_build *b, const char *text, const char *project, struct error *e);
int buildfind_job(struct state_build *b, char **job, const char *text, const char *project, struct error *e);
/* Whether a name, ORG/REPO or longer, is of builds of a folder here: no server has any of that name. */
bool buildfind_is_local(const char *text);

#endif
