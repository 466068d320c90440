/* bwrap: the program bwrap(1): where it is, what it says, and why it may not work here. */
#ifndef JOB_BWRAP_H
#define JOB_BWRAP_H

#include "bytes.h"
#include "error.h"

/* Whether it is there: its path, which is borrowed, or NULL with an error that says the way out. */
const char *bwrap_path(struct error *e);
/* Whether what it wrote on --json-status-fd says that the command was begun. */
int bwrap_began(int status);
/* It could not make the sandbox; it has said what failed where the job prints. -1 with an error that says the
 * way out. */
int bwrap_failed(struct error *e);

#endif
