/* demands: what a spec asks of the place where it runs, held against what there is. */
#ifndef JOB_DEMANDS_H
#define JOB_DEMANDS_H

#include "environment.h"
#include "error.h"
#include "settings.h"
#include "spec.h"

/* 0, or -1 with an error when the job cannot be run here. What --runner host lets pass is said on stderr,
 * once each. */
int demands_check(const struct settings *settings, const struct environment *v, const struct spec *s,
    struct error *e);

#endif
