/* check: a wiring is read and not run: what is wrong with it, or what it would change. */
#ifndef MCI_SUPERVISE_CHECK_H
#define MCI_SUPERVISE_CHECK_H

#include "source.h"

/* Prints a line for each part that would start, stop, or be restarted or drained, against the
 * supervisor that runs in that folder of sockets, if one does. The exit status; what is wrong is
 * said on standard error. */
int check_run(const struct source *s);

#endif
