/* ending: what stands below the picture of a build that is over: the ends of the logs of the
 * jobs that failed, the summary, and the command that shows the rest. */
#ifndef MCI_ENDING_H
#define MCI_ENDING_H

#include <stdbool.h>

#include "bytes.h"
#include "fold.h"
#include "picture.h"

/* Where the logs of the build are. */
struct ending_logs {
	int folder;  /* descriptor, or -1 */
	bool remote; /* the server is asked for them */
};

void ending_add(struct bytes *b, const struct picture *p, const struct fold *f,
    const struct ending_logs *logs);

#endif
