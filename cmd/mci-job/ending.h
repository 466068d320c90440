/* ending: what the end of an attempt amounts to. */
#ifndef JOB_ENDING_H
#define JOB_ENDING_H

#include "site.h"

/* reason is borrowed. */
struct ending ending_of(const struct attempt *a, const char *reason);
/* What a person is told of one that is no success where no events are printed. */
void ending_complain(const struct attempt *a, const struct ending *ending);

#endif
