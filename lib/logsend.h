/*
 * logsend: a log on its way to a log server that cannot be handed its files, as the link carries
 * no descriptors. It is written here (logfile.h), so whoever writes waits for the disk and never
 * for the link, and is sent from there at the offset that the server has acknowledged, again after
 * a lost link. For programs with a loop; nothing waits, and all callbacks come from the loop.
 */
#ifndef MCI_LOGSEND_H
#define MCI_LOGSEND_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "client.h"
#include "error.h"
#include "loop.h"

struct logsend;

struct logsend_events {
	/* The server has the log open for the first time. May be NULL. */
	void (*opened)(void *arg);
	/* So many bytes of what is written here are stored there. May be NULL. */
	void (*stored)(void *arg, int64_t n);
	/* The way there is lost, or the server cannot store now, and it is tried again; with NULL: it works
	 * again. Once an outage. May be NULL. */
	void (*outage)(void *arg, const struct error *why);
	/* All is stored and closed there, or it never will be: the server refuses it (ERROR_FENCED: a newer
	 * run has begun), or it could not be reached in the first place. The last call. */
	void (*over)(void *arg, const struct error *why);
};

struct logsend_wish {
	struct client *client; /* borrowed; others may use it too */
	/* members of a JSON object that say which log: build, run, job, attempt; copied */
	struct span name;
	int log, index;        /* open for reading, borrowed */
	bool resume;           /* go on with what the server has */
	bool patient;          /* try again also when nobody could be reached in the first place */
};

struct logsend *logsend_new(struct loop *loop, const struct logsend_wish *w,
    const struct logsend_events *events, void *arg);
/* More was written. */
void logsend_feed(struct logsend *s);
/* Nothing more will be: when the rest is stored the log is closed. */
void logsend_finish(struct logsend *s, bool truncated);
/* NULL is allowed. Nothing more is told, or sent. */
void logsend_free(struct logsend *s);

#endif
