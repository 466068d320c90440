/*
 * changes: what the store has decided, told to the hub: an event is a row of the transaction that
 * decided it, and goes when the hub has it on its disk. One that came twice is known by its number,
 * `change`.
 */
#ifndef MCI_STORE_CHANGES_H
#define MCI_STORE_CHANGES_H

#include "bytes.h"
#include "database.h"
#include "error.h"
#include "loop.h"
#include "writer.h"

struct changes;

/* Begins an event about a build ("ORG/REPO/N", or NULL); run 0: of none. Its members follow
 * (emit.h). */
void change_begin(struct bytes *event, const char *type, const char *build, int64_t run);
/* Ends it and puts it into the transaction. */
int change_add(struct bytes *event, struct database *db, struct error *e);

/* NULL with an error when it is no address. */
struct changes *changes_new(struct loop *loop, struct writer *writer, struct database *reader,
    const char *hub, struct error *e);
/* There may be new rows: behind a commit. */
void changes_go(struct changes *c);
/* NULL is allowed. The writer has nothing of it any more. */
void changes_free(struct changes *c);

#endif
