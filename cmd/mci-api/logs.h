/*
 * logs: functions of rows: what a job printed: its bytes (ranges of them, or as they come), its lines
 * as JSON or as Server-Sent Events.
 */
#ifndef MCI_API_LOGS_H
#define MCI_API_LOGS_H

#include "ask.h"

/* What path and query of all these rows name. */
extern const struct contract_method logs_takes;

/* By Accept: text/plain, application/x-ndjson, text/event-stream. */
void logs_get(struct ask *a);

/* Of a log that is named by the path, and "run" and "attempt" of the query, for other functions of rows. */
struct logs_name {
	char *build, *job;
	int64_t run, attempt;
	int64_t bytes;
	int64_t packed; /* as it lies, where that is frames of zstd; 0 */
	bool open, truncated;
};
typedef void logs_found(struct ask *a, const struct logs_name *name);
/* Asks for it; found is called when it is there, else it is answered. */
void logs_find(struct ask *a, logs_found *found);
/* Where the log server is. */
const char *logs_address(const struct ask *a);

#endif
