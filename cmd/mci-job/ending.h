/* ending: what the end of an attempt amounts to. */
#ifndef JOB_ENDING_H
#define JOB_ENDING_H

#include <sys/resource.h>

#include "site.h"

/* Why the script is over. */
const char *ending_reason(const struct attempt *a);
/* Adds what one of its processes used. */
void ending_usage(struct attempt *a, const struct rusage *usage);
/* reason is borrowed. */
struct ending ending_of(const struct attempt *a, const char *reason);
/* What a person is told of one that is no success where no events are printed. */
void ending_complain(const struct attempt *a, const struct ending *ending);

#endif
