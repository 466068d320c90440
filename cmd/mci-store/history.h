/*
 * history: build/events: the file of a build's events, given to whoever asks, and what comes until
 * its end. All that the hub has on its disk comes there within milliseconds, so that nothing else
 * has to be asked.
 */
#ifndef MCI_STORE_HISTORY_H
#define MCI_STORE_HISTORY_H

#include <stdint.h>

#include "database.h"
#include "loop.h"
#include "request.h"

struct history;

struct histories {
	struct loop *loop;
	struct database *reader;
	const char *folder;
	struct history *first;
};

/* The method. */
void histories_open(struct histories *all, struct request *r);
/* The file of the build is of that size now; 0: it is as it was, and its build may be over. */
void histories_grown(struct histories *all, const char *build, int64_t size);
/* Ends all. */
void histories_free(struct histories *all);

#endif
