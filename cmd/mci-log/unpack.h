/* unpack: a process that writes a compressed log into a pipe, for programs that read plain
 * bytes. */
#ifndef MCI_LOG_UNPACK_H
#define MCI_LOG_UNPACK_H

#include "children.h"
#include "error.h"
#include "source.h"

/* Starts it for an open source whose log is compressed; *read is the pipe's end to read from. It
 * ends with 0, or with 2 when the log is damaged, which it says on standard error. 0 or -1. */
int unpack_start(struct source *s, int *read, struct child **c, struct error *e);

#endif
