/*
 * diskuse: how much a job adds to the folder that it works in, and to the one for its temporary files,
 * which it may share with others. The kernel keeps no such account, so it is looked for: as long as the
 * file systems have not become fuller by a good part of what is allowed, nothing is to be done; then a
 * process of its own adds up what was written since the job began. What its processes have written
 * themselves counts wherever it went.
 */
#ifndef JOB_DISKUSE_H
#define JOB_DISKUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

struct diskuse {
	struct loop *loop;
	const char *dirs[2];  /* borrowed; the second may be NULL */
	bool own;             /* and is the job's alone */
	int64_t limit, start; /* bytes; kernel.wall() when it began */
	int64_t free[2];      /* of the file systems, when it began */
	int64_t seen[2];      /* and when they were walked last */
	struct child *walker;
	int result;           /* what it says comes from here; -1 */
	int64_t added;        /* as the last walk found */
};

void diskuse_begin(struct diskuse *d, struct loop *loop, const char *dir, const char *other, bool own,
    int64_t limit);
/* Looks; written is what the job's processes are known to have written, in bytes. True: it is too much. */
bool diskuse_over(struct diskuse *d, int64_t written);
void diskuse_end(struct diskuse *d);

#endif
