/* duration: lengths of time as people write them: 90s, 5m, 1h30m, 500ms, 2d, 1w. A number without unit is
 * refused (nobody can tell seconds from milliseconds). */
#ifndef MCI_DURATION_H
#define MCI_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

/* All of text; units w d h m s ms in falling order, each at most once, "1.5s" allowed in the last one.
 * At most ten years. Nanoseconds into out; 0, or -1 with an error that shows what was expected. */
int duration_parse(const char *text, size_t n, int64_t *out, struct error *e);
/* The shortest text that duration_parse reads back as the same time, in whole milliseconds. */
void duration_write(struct bytes *b, int64_t ns);
/* For people: 0.4s, 12s, 3m05s, 2h10m; at most 7 characters. */
void duration_show(struct bytes *b, int64_t ns);

#endif
