/* stop: what --break does at the end of a build: a look at the job at which it stopped. */
#ifndef MCI_BUILD_STOP_H
#define MCI_BUILD_STOP_H

#include "graph.h"
#include "outcome.h"

/* Says at which job that was, the first that failed or else the one of this name; where there is a terminal
 * it opens a shell there and waits for its end. A clean checkout has to be there still. */
void stop_look(const struct graph *graph, const char *named, const char *build,
    const struct outcome *outcome);

#endif
