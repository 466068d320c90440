/*
 * transfer: the files that go between a job and the store of large files: artifacts and caches that come
 * back before an attempt, and those that are kept behind it. The work is mci-blob's, a process each, which
 * nobody waits for.
 */
#ifndef MCI_BUILD_TRANSFER_H
#define MCI_BUILD_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "filestep.h"
#include "journal.h"
#include "loop.h"
#include "mask.h"
#include "outcome.h"

struct transfer_run;

struct transfer_events {
	/* All that the job was to find is there; why: something is not, NULL otherwise. */
	void (*restored)(void *arg, uint32_t job, const char *why);
	/* All that it leaves is kept; why: something is not. */
	void (*saved)(void *arg, uint32_t job, const char *why);
};

struct transfer {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	struct outcome *outcome;
	struct filestep_site at;
	bool no_cache;       /* no result is taken */
	uint32_t limit;      /* processes at once */
	const struct transfer_events *events;
	void *arg;
	/* the room's */
	struct transfer_run *runs;
	uint32_t active;
};

/* Begins to bring what the job is to find; false: it takes nothing. */
bool transfer_before(struct transfer *t, uint32_t job);
/* Begins to keep what it leaves; false: it leaves nothing that is kept after such an end. */
bool transfer_after(struct transfer *t, uint32_t job, bool success);
/* Whether something goes to or from the job. */
bool transfer_has(const struct transfer *t, uint32_t job);
/* Stops that; the job hears of it as of any failure. False: there was nothing. */
bool transfer_cancel(struct transfer *t, uint32_t job);
void transfer_close(struct transfer *t);

#endif
