/* ending: what stands below the picture of a build that is over: the ends of the logs of the
 * jobs that failed, the summary, and the command that shows the rest. */
#ifndef MCI_ENDING_H
#define MCI_ENDING_H

#include "bytes.h"
#include "fold.h"
#include "picture.h"

/* logs is the descriptor of the logs' folder, or -1. */
void ending_add(struct bytes *b, const struct picture *p, const struct fold *f, int logs);

#endif
