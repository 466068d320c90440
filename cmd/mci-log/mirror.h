/* mirror: logs of a server in a folder for a moment, so that they are shown as those of a folder are. */
#ifndef MCI_LOG_MIRROR_H
#define MCI_LOG_MIRROR_H

#include <stdint.h>

#include "error.h"
#include "scratch.h"

struct mirror {
	struct scratch folder; /* below TMPDIR */
};

/* Makes the folder. 0 or -1; close it in any case. */
int mirror_open(struct mirror *m, struct error *e);
/* Fetches what text names, BUILD or BUILD/JOB, with its times: what is stored now. attempt 0: the last, of a
 * whole build all. 0 or -1. */
int mirror_fetch(struct mirror *m, const char *address, const char *text, int64_t attempt,
    struct error *e);
/* Removes the folder. */
void mirror_close(struct mirror *m);

#endif
