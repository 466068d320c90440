/* logservice: logs of attempts that a log server keeps: it hands over the files, which are filled here. */
#ifndef JOB_LOGSERVICE_H
#define JOB_LOGSERVICE_H

#include "error.h"
#include "logfile.h"

/* Opens the log of an attempt of the build MCI_BUILD_ID at the server, over a Unix socket. Waits for
 * its answer, at most some seconds. Closing it as any log is enough: the server sees its end. 0 or
 * -1. */
int logservice_open(struct logfile_writer *w, const char *address, const char *job, int attempt,
    struct error *e);

#endif
