/* mirror: logs of a server in a folder for a moment, so that they are shown as those of a folder are. */
#ifndef MCI_LOG_MIRROR_H
#define MCI_LOG_MIRROR_H

#include <stdint.h>

#include "error.h"
#include "logname.h"
#include "loop.h"
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
/* Fetches the log of that name and attempt. */
int mirror_log(struct mirror *m, const char *address, const struct logname *n, struct error *e);
/* The folder of a build's jobs' logs: a descriptor that the caller closes, or -1. */
int mirror_logs(const struct mirror *m, const char *build, struct error *e);
/* Removes the folder. */
void mirror_close(struct mirror *m);

/* One log that is fetched while it grows. */
struct mirrored;

/* grew is called on the loop when bytes came, and when no more will. The address is borrowed. */
struct mirrored *mirror_follow(struct mirror *m, struct loop *loop, const char *address,
    const struct logname *n, void (*grew)(void *arg), void *arg, struct error *e);
/* Waits for the rest of what is stored now. 0, or -1 also when it failed earlier; it can only be freed
 * then. */
int mirrored_finish(struct mirrored *x, struct error *e);
/* NULL is allowed. */
void mirrored_free(struct mirrored *x);

#endif
