/* change: a request that writes: its params as a tree, what is done on the writing thread, and its
 * answer behind the commit. */
#ifndef MCI_STORE_CHANGE_H
#define MCI_STORE_CHANGE_H

#include <stdbool.h>

#include "error.h"
#include "jsontree.h"
#include "request.h"
#include "store.h"
#include "writer.h"

struct change {
	struct write write;
	struct store *store;
	struct request *request;
	const char *method;
	json_t *given;
	json_t *result; /* NULL: {} */
	int (*work)(struct change *c, struct database *db, struct error *e);
	void (*settled)(
	    struct change *c, bool kept); /* as a write's; may be NULL, set before it is given */
	void *state;                      /* freed at the end */
};

/* Answers the request when it is done; the change is gone then. */
void change_give(struct store *s, struct request *r,
    int (*work)(struct change *c, struct database *db, struct error *e));
/* Params as a tree: for those who add to a change before it is given. NULL: the request is
 * answered. */
struct change *change_new(struct store *s, struct request *r,
    int (*work)(struct change *c, struct database *db, struct error *e));
void change_write(struct change *c);
/* Of its params: a text, or NULL. */
const char *change_text(const struct change *c, const char *name);

#endif
