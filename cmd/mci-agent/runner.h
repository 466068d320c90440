/* runner: where an agent's builds run: in the sandbox, where that works. */
#ifndef MCI_AGENT_RUNNER_H
#define MCI_AGENT_RUNNER_H

#include <stdbool.h>

#include "error.h"

/*
 * named is what the command line says, or NULL. *runner is the name to give to builds, borrowed, and
 * *isolates whether builds of strangers may run there. Where nobody named one and the sandbox does not
 * work here, that is said on standard error. Starts a job and waits for it. 0, or -1 with an error when
 * the named one does not work.
 */
int runner_choose(const char *named, const char *workdir, const char **runner, bool *isolates,
    struct error *e);

#endif
