/*
 * build: one build from its first event to its last. It has all the parts, gives each what it uses, and
 * does at the end of each round what follows for all from what one has said. From the lowest to the
 * highest:
 *   outcome   how the build stands            workspace its folders
 *   journal   the event log and its readers   graph     what waits for what
 *   posted    events of others                turn      whose turn it is in the folder
 *   publish   the hub                         runner    mci-job
 *   schedule  what runs next, what a result means
 *   progress  what is shown, and who is asked intake    specs become jobs of the graph
 *   script    the coprocess that writes specs api       the sockets
 */
#ifndef MCI_BUILD_BUILD_H
#define MCI_BUILD_BUILD_H

#include "options.h"

/* Runs a build; its exit status (outcome.h). */
int build_run(const struct build_options *o);

#endif
