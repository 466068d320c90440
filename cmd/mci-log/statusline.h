/* statusline: lines of ours between those of logs: when a job starts, how it and the build end. */
#ifndef MCI_LOG_STATUSLINE_H
#define MCI_LOG_STATUSLINE_H

#include "error.h"
#include "fold.h"
#include "message.h"
#include "output.h"

/* What an event of a job says to people, now that the fold has it; nothing for most types. "JOB: start",
 * "JOB: failure: exit 2 in 0.3s". 0 or -1. */
int statusline_job(struct output *o, const struct fold *f, const struct fold_job *j,
    const struct message *m, struct error *e);
/* The end of a build: "local/zlib/7: failure: 2 ok, 1 failed in 4.0s". 0 or -1. */
int statusline_build(struct output *o, const struct fold *f, struct error *e);

#endif
