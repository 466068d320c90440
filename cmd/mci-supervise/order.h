/* order: which part comes after which: what is written, what that means for others, and what goes
 * without saying. */
#ifndef MCI_SUPERVISE_ORDER_H
#define MCI_SUPERVISE_ORDER_H

#include "reader.h"

/*
 * Makes each part's list of those that it comes after whole. A part that serves nothing and says
 * nothing of it comes after all that serve something, so that a line of its own is enough for it.
 * Says what is wrong: a name that no part has, a circle.
 */
void order_find(struct reader *r);

#endif
