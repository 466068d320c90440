/*
 * history: what the server knows of a build. A run from the second on first has the hub told that it
 * begins, so that nothing more is taken of those before it, and then asks the store for all that was.
 * Both are waited for, in rounds of the loop, until they answer or the build is let go.
 */
#ifndef MCI_BUILD_HISTORY_H
#define MCI_BUILD_HISTORY_H

#include "error.h"
#include "loop.h"
#include "message.h"
#include "order.h"
#include "outcome.h"

/*
 * Brings the hub what a run before has written of its own in the log that fd reads, as far as it does
 * not have it; nothing when a later run has begun, as nothing is taken of it then. As below.
 */
int history_tell(struct loop *loop, struct outcome *outcome, const struct order *order, int fd,
    struct error *e);
/* The line of build/initializing for the run, which the hub has on its disk. 0; -1 with an error, or
 * when the build is let go (outcome). */
int history_fence(struct loop *loop, struct outcome *outcome, const struct order *order, struct bytes *line,
    struct error *e);
/*
 * Gives each event of a build in its order, as the store tells them: up to the beginning of this run
 * (that is not among them), or with run 0 up to the end of the build. each returns 0, or -1 with an
 * error. As above.
 */
int history_read(struct loop *loop, struct outcome *outcome, const struct order *order, const char *build,
    int64_t run, int (*each)(void *arg, const struct message *m, struct error *e), void *arg,
    struct error *e);

#endif
