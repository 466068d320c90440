/*
 * remote: builds of a server (ORG/REPO/N), as verbs ask for them: the same events as those of a
 * build here, so that all that is shown is the same fold. A build of a server has no path
 * (place.h).
 */
#ifndef MCI_REMOTE_H
#define MCI_REMOTE_H

#include <stdbool.h>

#include "bytes.h"
#include "command.h"
#include "error.h"
#include "fold.h"
#include "state.h"

/* Whether a build is a server's. */
bool remote_is(const struct state_build *b);
/* Asks the server, waiting for its answer; result may be NULL. 0 or -1. */
int remote_call(const char *method, struct span params, struct bytes *result, struct error *e);
/* A build that was asked for. */
struct remote_build {
	char *build;   /* "org/repo/7"; NULL: there is none */
	char *skipped; /* why not */
};
/* Asks for one; params is what build/trigger takes. 0 or -1. */
int remote_trigger(struct span params, struct remote_build *a, struct error *e);
void remote_build_free(struct remote_build *a);
/* Its member params, when K=V were given. 0 or -1. */
int remote_params(struct bytes *params, const struct option_list *given, struct error *e);

/* What is there now of the build's events. 0 or -1. */
int remote_fold(struct fold *f, const char *build, struct error *e);
/* The end of a log of the build, of the script's with job NULL: at most max bytes, fetched within a second or
 * two. 0, or -1 when it cannot be had. */
int remote_log_end(const char *build, const char *job, int attempt, size_t max, struct bytes *text);

#endif
