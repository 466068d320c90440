/*
 * inventory: answers for all logs of a build at once: log/list and log/remove. There may be tens of
 * thousands: the helper thread opens and removes them, and the loop serves others meanwhile.
 */
#ifndef MCI_LOG_INVENTORY_H
#define MCI_LOG_INVENTORY_H

#include <stdbool.h>

#include "logdir.h"
#include "writers.h"
#include "logname.h"
#include "offload.h"
#include "service.h"

struct inventory;

struct inventory_place {
	struct offload *offload;
	const struct logdir *logdir;
	const struct writers *writers;
	/* Those that the name means were removed. */
	void (*removed)(void *arg, const struct logname *n);
	void *arg;
};

/* All is borrowed. */
struct inventory *inventory_new(const struct inventory_place *p);
/* Answers with the logs of the build, in the run that the name says, else in the newest. */
void inventory_list(struct inventory *v, struct request *r, const struct logname *build);
/* Removes the logs that the name means: of an attempt, of a job (attempt 0), of the build (job NULL); of
 * all its runs with run 0.
 * None of them when one is being written. */
void inventory_remove(struct inventory *v, struct request *r, const struct logname *n);
/* Whether that log is being removed. */
bool inventory_removes(const struct inventory *v, const struct logname *n);
/* Behind the server, whose requests are gone then, and the helper thread. NULL is allowed. */
void inventory_free(struct inventory *v);

#endif
