/* wait: mci wait, and what other verbs wait for. */
#ifndef MCI_WAIT_H
#define MCI_WAIT_H

#include <stdint.h>

#include "state.h"

/* Waits until the build has ended, at most timeout nanoseconds unless that is 0; the status to
 * exit with: the build's, 124 when it took too long. */
int wait_build(const struct state_build *b, int64_t timeout);

#endif
