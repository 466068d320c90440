/*
 * spool: sends standard input to a log server that cannot pass descriptors. What was read is in a nameless
 * file at once, so the writer waits for the disk and never for the link; it is sent from there at the offset
 * that the server has acknowledged, again after a lost link, and given back to the disk when it is stored.
 */
#ifndef MCI_LOG_SPOOL_H
#define MCI_LOG_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "logname.h"

/* What mci-log put was asked to do. */
struct put {
	struct logname name;
	const char *address; /* of a server, or NULL */
	int64_t cap;         /* bytes to store at most, 0: no bound */
	bool resume;         /* go on with what is there */
	bool drop;           /* go on reading when the disk is full */
	bool quiet;
};

/* Runs until the log is stored and closed. When the first connect fails it does not wait: -1 with
 * ERROR_DISCONNECTED. 0 or -1. */
int spool_run(const struct put *p, struct error *e);
/* Whoever writes to standard input gets a broken pipe from now on, while what was read is seen to. */
void spool_stop_reading(void);

#endif
