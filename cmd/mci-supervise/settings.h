/* settings: what else is said of a part: the indented lines below it. */
#ifndef MCI_SUPERVISE_SETTINGS_H
#define MCI_SUPERVISE_SETTINGS_H

#include "reader.h"

/* Adds one to r->part, from the words of its line; says what is wrong with it. */
void setting_read(struct reader *r, const struct words *w);

#endif
