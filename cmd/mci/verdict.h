/* verdict: how what is shown ended, as an exit status: of one build, of a job, and of all
 * builds in a stream of events. */
#ifndef MCI_VERDICT_H
#define MCI_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "fold.h"

/* The status of a build that has not ended: neither a success nor a failure is proven. */
#define VERDICT_OPEN 75
/* That of a stream which stops before the end of a build, or holds what is no event. */
#define VERDICT_CUT 125

/* What mci-build ended with, or would have. */
int verdict_build(const struct fold *f);
int verdict_job(const struct fold_job *j);

struct verdict {
	char **open;       /* the names of the builds that have begun and not ended */
	size_t n, size;
	int first;         /* of the first build that ended and was no success; 0 while there is none */
	bool builds;       /* there was a build at all; else the jobs are mci-job's */
};

/* Takes an event in, after the fold of its stream has. */
void verdict_event(struct verdict *v, const struct message *m, const struct fold *f);
/* Of the first build that was no success, VERDICT_CUT when one is open; without builds by the
 * jobs. */
int verdict_stream(const struct verdict *v, const struct fold *f);
void verdict_free(struct verdict *v);

#endif
