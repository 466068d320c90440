/*
 * hub: moves events from those who publish to the log, the disk and those who subscribe. What
 * publishers bring in one round of the loop is appended as one batch, then given to the
 * subscribers; whoever asked for the disk is answered when a sync that began after the append is
 * done. What clients may ask of it is in methods.h.
 */
#ifndef MCI_EVENTS_HUB_H
#define MCI_EVENTS_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "audience.h"
#include "durable.h"
#include "error.h"
#include "intake.h"
#include "journal.h"
#include "loop.h"
#include "names.h"
#include "offload.h"
#include "service.h"

struct hub_settings {
	const char *folder;
	int64_t segment_size, keep_size; /* bytes; keep_size 0: no bound */
	int64_t keep_age;                /* nanoseconds; 0: no bound */
	/* Called for what nobody is there to be told: a full disk, a recovery. */
	void (*tell)(const char *text);
};

/* A publisher's request of which the answer waits for its events to be safe. */
struct waiting {
	struct request *request;
	uint64_t offset;
	int64_t repeats;
	struct waiting *next;
};

/* In the order of their offsets. */
struct queue {
	struct waiting *first, **last;
};

struct hub {
	struct loop *loop;
	struct hub_settings settings;
	struct journal journal;
	struct intake intake;
	struct audience audience;
	struct durables durables;
	struct offload *offload;
	struct offload_job sync_job;
	struct names_batch sync;     /* what it brings to the disk */
	bool syncing;                /* it is given */
	struct queue appended, disk; /* who waits for the append, and for the disk */
	struct loop_timer *late, *expiry;
	bool gathering; /* late is for what readers of the disk wait for */
	struct error refusal;        /* why the last append failed */
	int64_t retry;               /* until then nothing is taken, by kernel.now(); 0: all is well */
	bool broken;                 /* a sync failed: the disk may have lost what it was given */
	struct meter meter;          /* events taken in */
	int64_t published, repeats;  /* since the start */
};

enum hub_level { HUB_NONE, HUB_OS, HUB_DISK };

/* Recovers and opens the folder; the loop's idle callback is the hub's from now on. NULL with an
 * error. */
struct hub *hub_open(struct loop *loop, const struct hub_settings *s, struct error *e);
/* Gives the subscribers what was taken in, as far as they take it, and cuts them: a stream of the hub
 * has no end of its own. */
void hub_finish(struct hub *h);
/* Syncs and closes; whoever waits still has been given up. NULL is allowed. */
void hub_close(struct hub *h);

/* Whether events may be taken into h->intake now. 0, or -1 with an error. */
int hub_accepts(const struct hub *h, struct error *e);
/* Something was taken in outside a request: appends when it is much. */
void hub_took(struct hub *h);
/* Answers a publisher when everything taken in so far is as safe as it wants. */
void hub_answer(struct hub *h, struct request *r, enum hub_level level, int64_t repeats);
/* Appends what was taken in and gives it to the subscribers. */
void hub_flush(struct hub *h);

#endif
