/* source: where a wiring comes from, and the folders that it is about. */
#ifndef MCI_SUPERVISE_SOURCE_H
#define MCI_SUPERVISE_SOURCE_H

#include <stdbool.h>

#include "error.h"
#include "wiring.h"

struct source {
	char *file;      /* absolute; NULL: the default wiring */
	char *name;      /* as it was given, for messages */
	char *dir, *run; /* absolute */
	char *http;      /* the address where HTTP is served */
	bool single;     /* its servers share a process */
	bool demo;       /* with a part more: mci demo */
};

/* Reads it, as it is now. Each problem is told, or the first one is in e, with complain NULL. 0, or
 * -1; the wiring is freed in any case. */
int source_read(const struct source *s, struct wiring *w,
    void (*complain)(void *arg, const struct error *e), void *arg, struct error *e);
/* The same for a text that has another name. */
int source_parse(const struct source *s, struct span text, const char *name, struct wiring *w,
    void (*complain)(void *arg, const struct error *e), void *arg, struct error *e);
/* Appends the text. 0 or -1. */
int source_text(const struct source *s, struct bytes *into, struct error *e);
void source_close(struct source *s);

#endif
