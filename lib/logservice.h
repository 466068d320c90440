/*
 * logservice: the logs of a build that a log server keeps: it hands over the files, which are
 * filled here, and is asked at the end whether they are on its disk. One that is behind a link
 * without descriptors is sent what is written to nameless files here (logsend.h). For programs
 * with a loop; nothing waits.
 */
#ifndef MCI_LOGSERVICE_H
#define MCI_LOGSERVICE_H

#include <stdbool.h>

#include "error.h"
#include "loop.h"

struct logservice;
/* A log that is being opened or closed. */
struct logservice_call;

/* fds are the log and its index, which the callee takes over; or e->code says that there are
 * none. Called from the loop, once; the call is gone then. */
typedef void logservice_opened(void *arg, const int fds[2], const struct error *e);
/* The log is on the disk, or e->code says why it is not known to be. */
typedef void logservice_closed(void *arg, const struct error *e);

/*
 * Of the run (from 1) of a build. All is borrowed. insists: a server that is away or busy is asked
 * until it has answered; else for some seconds. Nothing is tried yet.
 */
struct logservice *logservice_new(struct loop *loop, const char *address, const char *build, int run,
    bool insists);
/* Opens the log of an attempt, or with job NULL the script's. NULL with an error when it cannot
 * be asked. ERROR_FENCED is told when a newer run of the build has begun. */
struct logservice_call *logservice_open(struct logservice *s, const char *job, int attempt,
    logservice_opened *opened, void *arg, struct error *e);
/* Of a log whose files have their end, and are closed here. */
struct logservice_call *logservice_close(struct logservice *s, const char *job, int attempt,
    logservice_closed *closed, void *arg);
/* Nothing more is heard of it. */
void logservice_cancel(struct logservice_call *c);
/* NULL is allowed. What is under way has to be canceled before. */
void logservice_free(struct logservice *s);

#endif
