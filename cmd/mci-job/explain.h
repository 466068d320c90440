/* explain: prints what would be executed for each job, with a shell or without and why, and what its runner
 * would show it; runs nothing. */
#ifndef JOB_EXPLAIN_H
#define JOB_EXPLAIN_H

#include "settings.h"

/* The status that mci-job exits with. */
int explain_run(const struct settings *settings);

#endif
