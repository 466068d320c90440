/* results: what the events of a build amount to, as rows. */
#ifndef MCI_STORE_RESULTS_H
#define MCI_STORE_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"
#include "fold.h"

/* Which jobs have to be written: those whose mark is set, all where marks is NULL. */
int results_write(struct database *db, int64_t build, int64_t repo, const struct fold *f,
    const bool *marks, struct error *e);
/* There are none. */
int results_forget(struct database *db, int64_t build, struct error *e);

#endif
