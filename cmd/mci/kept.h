/* kept: what is kept in the store of large files, as mci's verbs show it. */
#ifndef MCI_KEPT_H
#define MCI_KEPT_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"

/* One name of the store, as blob/list has it. Texts are the caller's. */
struct kept {
	char *name; /* without the beginning that was asked for */
	char *whole, *digest;
	int64_t bytes, files;
	char *created;
	bool stranger; /* whose name it is */
};

struct kept_list {
	struct kept *list;
	size_t n;
	struct bytes json; /* the lines themselves */
};

/* Asks mci-blob for the names that begin so; address NULL: where it looks by itself. 0 or -1. */
int kept_ask(struct kept_list *l, const char *address, const char *beginning, struct error *e);
/* Takes an array of such objects. 0 or -1. */
int kept_read(struct kept_list *l, struct span array, const char *beginning, struct error *e);
void kept_free(struct kept_list *l);

#endif
