/*
 * spool: sends standard input to a log server that cannot pass descriptors. What was read is in a nameless
 * file at once, so the writer waits for the disk and never for the link; it is sent from there at the offset
 * that the server has acknowledged, again after a lost link, and given back to the disk when it is stored.
 */
#ifndef MCI_LOG_SPOOL_H
#define MCI_LOG_SPOOL_H

#include "error.h"
#include "put.h"

/* Runs until the log is stored and closed. When the first connect fails it does not wait: -1 with
 * ERROR_DISCONNECTED. 0 or -1. */
int spool_run(const struct put *p, struct error *e);

#endif
