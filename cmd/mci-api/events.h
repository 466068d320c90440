/*
 * events: the hub's events over HTTP: lines (application/x-ndjson), Server-Sent Events where the client
 * asks for text/event-stream, each of them our events or CloudEvents. What a token may not see is not
 * there: the filter is what rights.h leaves of what was asked for.
 */
#ifndef MCI_API_EVENTS_H
#define MCI_API_EVENTS_H

#include "ask.h"
#include "contract.h"

/* An event, or several as lines, that is posted; more is posted in several requests. */
#define EVENTS_BODY ((size_t)1024 * 1024)

/* What may stand in the query. */
extern const struct contract_method events_takes;

/* Functions of rows. */
void events_follow(struct ask *a);
void events_post(struct ask *a);

#endif
