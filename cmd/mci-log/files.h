/* files: a build of which only the logs are kept, as a log server does it, told as the events that
 * its files stand for: when each log began, and which have their end. */
#ifndef MCI_LOG_FILES_H
#define MCI_LOG_FILES_H

#include "bytes.h"
#include "error.h"
#include "source.h"

/* Appends the lines, the oldest log first; own is where script.log is, logs where the jobs' are.
 * 0 or -1. */
int files_tell(const struct log_folders *own, const struct log_folders *logs, struct bytes *events,
    struct error *e);

#endif
