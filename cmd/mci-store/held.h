/* held: how a run ends that an agent has, or had. */
#ifndef MCI_STORE_HELD_H
#define MCI_STORE_HELD_H

#include "transaction.h"

/* The works of build/end and build/release, and of a lease that is over. name, run, lease of the
 * transaction say which. over is set when the build waits for nobody any more. All that the hub had
 * on its disk is in the rows (projection_settle): its build/end decides, when it is of this run. */
int held_end(struct transaction *t, struct database *db, struct error *e);
int held_release(struct transaction *t, struct database *db, struct error *e);
int held_lose(struct transaction *t, struct database *db, struct error *e);
/* The works of build/cancel and job/unblock. */
int held_cancel(struct transaction *t, struct database *db, struct error *e);
int held_unblock(struct transaction *t, struct database *db, struct error *e);

#endif
