/* parse: reads the text of a wiring. */
#ifndef MCI_SUPERVISE_PARSE_H
#define MCI_SUPERVISE_PARSE_H

#include "reader.h"

/* Each problem is told, with file, line and column. 0, or -1 when there was one; free it in any
 * case. */
int wiring_read(struct wiring *w, struct span text, const struct wiring_place *place,
    void (*complain)(void *arg, const struct error *e), void *arg);

#endif
