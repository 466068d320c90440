/* store: the store's folder opened: its file at this program's version, the writer, the loop's
 * reader and the master key. What methods stand on. */
#ifndef MCI_STORE_STORE_H
#define MCI_STORE_STORE_H

#include "database.h"
#include "error.h"
#include "loop.h"
#include "request.h"
#include "secrets.h"
#include "writer.h"

#define STORE_FILE "store.db"

struct store {
	struct loop *loop;
	char *folder, *path; /* the path of its file */
	struct database *reader;
	struct writer *writer;
	struct secrets secrets; /* the writing thread's, once this is open */
	bool opened_secrets;
	/* makes what was projected anew, and answers: the queue's */
	void (*rebuild)(void *arg, struct request *r);
	void *rebuild_arg;
};

/* Where the master key comes from (master.h), and the one that it takes the place of; NULL: the
 * folder, and none. */
struct store_keys {
	const char *master, *old;
};

/* Opens the folder, which is one server's alone. 0 or -1; close it in any case. */
int store_open(struct store *s, struct loop *loop, const char *folder,
    const struct store_keys *keys, struct error *e);
/* Behind the end of the server that it is in. What was given to the writer is written. */
void store_close(struct store *s);

#endif
