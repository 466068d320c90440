/* watch: --watch: builds again whenever files of the project change, one build at a time. */
#ifndef MCI_BUILD_WATCH_H
#define MCI_BUILD_WATCH_H

#include "error.h"

/* Runs `argv` (mci-build without --watch) now and after each change, canceling the one that runs, until a
 * signal ends it. What git ignores, .git and hidden state are not looked at. An exit status. */
int watch_run(const char *project, char *const *argv, struct error *e);

#endif
