/*
 * partlog: what one command of a part says on standard error (and the last one on standard output):
 * a log as mci-log(1) reads it, DIR/parts/PART/1/logs/NAME.log, that goes on over restarts. When it
 * is full a new one begins (NAME@2.log), and the oldest goes.
 */
#ifndef MCI_SUPERVISE_PARTLOG_H
#define MCI_SUPERVISE_PARTLOG_H

#include <stddef.h>

#include "bytes.h"
#include "duration.h"
#include "error.h"
#include "logfile.h"
#include "loop.h"
#include "mask.h"

/* A log is closed when it has so many bytes, and so many logs are kept of a command. */
#define PARTLOG_SIZE (1024 * 1024)
#define PARTLOG_KEPT 4
/* One that could not be written is gone on with when it can be, which is tried so much later. */
#define PARTLOG_RETRY SECOND

struct partlog {
	struct loop *loop;
	int pipe[2]; /* both are ours: what was written waits over restarts; -1 */
	int dir;
	char *name;
	int number;
	struct logfile_writer log;
	struct mask *mask; /* borrowed; NULL: none */
	bool broken;       /* it could not be written, and that was told */
	int64_t since;     /* it was tried last, kernel.now() */
	int64_t lost;      /* bytes that are not in it */
	void (*tell)(void *arg, const struct error *e);
	void *arg;
};

/* In that folder, which is made. 0, or -1: close it all the same. */
int partlog_open(struct partlog *l, struct loop *loop, const char *folder, const char *name,
    struct mask *mask, void (*tell)(void *arg, const struct error *e), void *arg, struct error *e);
/* For the command to write to. */
int partlog_descriptor(const struct partlog *l);
/* The command has ended: takes all that it wrote. */
void partlog_drain(struct partlog *l);
/* How much was written to it, ever: a number that grows. */
int64_t partlog_said(const struct partlog *l);
/* Appends its last lines, at most so many. */
void partlog_tail(const struct partlog *l, size_t lines, struct bytes *into);
void partlog_close(struct partlog *l);

#endif
