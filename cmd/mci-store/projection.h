/*
 * projection: follows the hub, and keeps what it says about the store's builds: in the file of each
 * (buildlog.h) and, as what that amounts to, in rows. Only synced events are taken, which no crash
 * of the hub can take back; the place in the hub's log moves in the database when the files are on
 * the disk up to there, and what comes again after a crash is known and left out.
 */
#ifndef MCI_STORE_PROJECTION_H
#define MCI_STORE_PROJECTION_H

#include <stdint.h>

#include "database.h"
#include "error.h"
#include "loop.h"
#include "request.h"
#include "writer.h"

struct projection;

struct projection_events {
	/* On the loop: the file of this build has grown to so many bytes, and its rows say so. */
	void (*grown)(void *arg, const char *build, int64_t size);
};

/* folder: of the files. NULL with an error. */
struct projection *projection_new(struct loop *loop, struct writer *writer, struct database *reader,
    const char *folder, const char *hub, const struct projection_events *events, void *arg,
    struct error *e);

/* Calls then(arg, why) on the loop when all that the hub had on its disk at the time of the call is
 * in the rows: why is NULL; or when that cannot be told within some seconds, as the hub is away. */
void projection_settle(
    struct projection *p, void (*then)(void *arg, const struct error *why), void *arg);

/* Makes all rows anew from the files, and answers the request. */
void projection_rebuild(struct projection *p, struct request *r);

/* What it says in the store's status, as members of an open object. */
void projection_status(const struct projection *p, struct bytes *into);

/* Gives no more to the writer. NULL is allowed. */
void projection_stop(struct projection *p);
/* The writer has nothing of it any more. */
void projection_free(struct projection *p);

#endif
