/* decide: how a build goes on or ends where the store says so: its row, and the events of it, in
 * one transaction. */
#ifndef MCI_STORE_DECIDE_H
#define MCI_STORE_DECIDE_H

#include <stdint.h>

#include "database.h"
#include "error.h"

/* Which build, and the run of its last claim (0: there was none). */
struct decide {
	int64_t id, run;
	const char *name;
};

/* Nobody is waited for any more: its build/end has come. */
int decide_over(struct database *db, const struct decide *b, struct error *e);
/* The store ends it. reason and message may be NULL. */
int decide_end(struct database *db, const struct decide *b, const char *status, const char *reason,
    const char *message, struct error *e);
/* The same for one that nobody runs, and that somebody does not want. */
int decide_cancel(struct database *db, const struct decide *b, const char *reason, struct error *e);
/* Behind the end of a run: says once more that the next build waits that could not be given out for
 * a limit of its repository or organisation. */
int decide_room(struct database *db, int64_t id, struct error *e);
/* It waits for the next one. */
int
decide_requeue(struct database *db, const struct decide *b, const char *reason, struct error *e);

#endif
