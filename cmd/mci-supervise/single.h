/*
 * single: the parts of a wiring that are servers of the kit become one part, whose command is
 * mci-single(1) with their command lines: a line "single" in it, or --single.
 */
#ifndef MCI_SUPERVISE_SINGLE_H
#define MCI_SUPERVISE_SINGLE_H

#include "reader.h"

#define SINGLE "single" /* the part's name */

/*
 * Puts one part in the place of those that can share a process: one command, a server of the kit
 * (lib/serveentry.h), and no setting of a process of its own. Others that come after one of them
 * come after that part. Says what is wrong with it. Behind the reading, before the order is found.
 */
void single_make(struct reader *r);

#endif
