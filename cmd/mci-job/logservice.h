/* logservice: logs of attempts that a log server keeps: it hands over the files, which are filled here. */
#ifndef JOB_LOGSERVICE_H
#define JOB_LOGSERVICE_H

#include "error.h"
#include "loop.h"

struct logservice;
/* A log that is being opened. */
struct opening;

/* fds are the log and its index, which the callee takes over; or e->code says that there are none. Called
 * from the loop, once; the opening is gone then. */
typedef void logservice_opened(void *arg, const int fds[2], const struct error *e);

/* address is borrowed. Nothing is tried yet. */
struct logservice *logservice_new(struct loop *loop, const char *address);
/*
 * Opens the log of an attempt of the build MCI_BUILD_ID, in its run MCI_RUN, at the server, over a Unix
 * socket, within some seconds; waits for nothing itself. Closing the files as any log is enough: the
 * server sees their end.
 * NULL with an error when it cannot be asked.
 */
struct opening *logservice_open(struct logservice *s, const char *job, int attempt,
    logservice_opened *opened, void *arg, struct error *e);
/* Nothing more is heard of it. */
void logservice_cancel(struct opening *o);
/* NULL is allowed. What is being opened has to be canceled before. */
void logservice_free(struct logservice *s);

#endif
