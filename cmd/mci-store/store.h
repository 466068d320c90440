/* store: the store's folder opened: its file at this program's version, the writer and the loop's
 * reader; and the service "store" on it. */
#ifndef MCI_STORE_STORE_H
#define MCI_STORE_STORE_H

#include "database.h"
#include "error.h"
#include "loop.h"
#include "service.h"
#include "writer.h"

#define STORE_FILE "store.db"

struct store {
	struct loop *loop;
	char *path; /* of the file */
	struct database *reader;
	struct writer *writer;
};

/* Its self is a struct store. */
extern const struct service store_service;

/* Opens the folder, which is one server's alone. 0 or -1; close it in any case. */
int store_open(struct store *s, struct loop *loop, const char *folder, struct error *e);
/* Behind the end of the server that it is in. What was given to the writer is written. */
void store_close(struct store *s);

#endif
