/* order: what an agent gets to build: one JSON document (mci-build --order). */
#ifndef MCI_STORE_ORDER_H
#define MCI_STORE_ORDER_H

#include <stdint.h>

#include "bytes.h"
#include "database.h"
#include "error.h"
#include "secrets.h"

/* Who has the build, for the caller to hold; name is filled. */
struct order_held {
	struct bytes *name;
	int64_t run;
	char lease[33], agent[65];
};

/* Appends what a claim of this build answers: name, run, lease, the seconds that it lasts, and the
 * order with what the build may know: parameters, and unless it is a stranger's, secrets and keys. */
int order_write(struct bytes *into, struct database *db, struct secrets *secrets, int64_t build,
    int seconds, struct order_held *held, struct error *e);

#endif
