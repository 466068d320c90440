/*
 * bare: a build of a log server's folder, which has logs and no events: what there is to know is in the logs'
 * own indexes and locks (depot.h).
 */
#ifndef MCI_LOG_BARE_H
#define MCI_LOG_BARE_H

#include "run.h"

/* The logs of the build that are not among the sources yet become some, in the order in which they began;
 * those that have ended meanwhile are marked. It is done when nothing that was asked for is being written. */
extern const struct run_reader bare_reader;

#endif
