/* rooms: folders of this run on a disk, as jobs find in /tmp, where nobody else looks. */
#ifndef JOB_ROOMS_H
#define JOB_ROOMS_H

#include "site.h"

/* Makes one of this name, and the home that all share; *room gets its path, the caller's to free. It
 * goes with the site's rooms. 0 or -1. */
int rooms_make(struct site *site, const char *name, char **room, struct error *e);

#endif
