/* reader: what reads a wiring: where it is, and how it says what is wrong there. */
#ifndef MCI_SUPERVISE_READER_H
#define MCI_SUPERVISE_READER_H

#include <stdbool.h>

#include "wiring.h"
#include "words.h"

struct wiring_place {
	const char *name;      /* of the file, for messages */
	const char *dir, *run; /* $DIR and $RUN */
	const char *http;      /* $HTTP */
};

struct reader {
	struct wiring *wiring;
	const struct wiring_place *place;
	struct variables variables;
	void (*complain)(void *arg, const struct error *e);
	void *arg;
	bool wrong;               /* something was */
	bool single;              /* the servers share a process (single.h) */
	struct span raw;          /* the line that is read, with those that it goes on in */
	size_t line;              /* the number of its first one */
	struct wiring_part *part; /* that settings are of; NULL: none */
	uint64_t set; /* which of those that may come once have come: bits of the table's rows */
};

/* Says what is wrong at a column of the line that is read. -1. */
int reader_wrong(struct reader *r, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
