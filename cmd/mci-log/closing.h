/* closing: answers log/close when the log is on the disk: its bytes, its index, and the names
 * of both up to the folder of all logs. Logs that end at the same time are synced together by
 * the helper thread; a folder in which no name was changed since its last sync is not synced
 * again. */
#ifndef MCI_LOG_CLOSING_H
#define MCI_LOG_CLOSING_H

#include <stdint.h>

#include "logdir.h"
#include "offload.h"
#include "service.h"

struct closing;

struct closing *closing_new(struct offload *offload, const struct logdir *logdir);
/* The log was opened: its names are brought to the disk while it is written. Its close names
 * the ticket. */
uint64_t closing_opened(struct closing *c, const struct logname *n);
/* ticket is 0 when the log was not opened here, or long ago. The request is answered with the
 * state of the log of that name, later; the files are taken over. */
void closing_add(struct closing *c, struct request *r, const struct logname *n, uint64_t ticket,
    const struct stored_state *state, const struct stored *files);
/* Requests that were not answered are gone with their server, and the helper thread has ended:
 * both are freed before. NULL is allowed. */
void closing_free(struct closing *c);

#endif
