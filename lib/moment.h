/* moment: a point in time as people write it, in the local time zone unless it names one. */
#ifndef MCI_MOMENT_H
#define MCI_MOMENT_H

#include <stdint.h>

#include "error.h"

/* For help texts, and what moment_parse says. */
#define MOMENT_FORMS "2h, 1w, yesterday, 2026-11-23, 18:00, 2026-11-23T18:00:00Z"

/*
 * "2h", "1w": so long before now (nanoseconds since 1970); "now"; "today", "yesterday" and "2026-11-23": when
 * that day began; "18:00", "18:00:30": today; "2026-11-23 18:00" with T or a blank between; any time of RFC
 * 3339. 0, or -1 with ERROR_USAGE and the forms.
 */
int moment_parse(const char *text, int64_t now, int64_t *ns, struct error *e);

#endif
