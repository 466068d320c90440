/*
 * search: logs searched by grep(1), as many at a time as there are processors. Each has a grep of
 * its own, with the log on standard input; what they find is taken in the order of the logs, and a
 * grep whose turn has not come waits with a full pipe. So memory is bounded whatever is found.
 */
#ifndef MCI_LOG_SEARCH_H
#define MCI_LOG_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "children.h"
#include "error.h"
#include "source.h"

struct search_row {
	struct source *source; /* NULL: the mark of the caller's, see search_after */
	void *mark;
	struct child *grep, *unpack; /* NULL: none */
	int found;             /* pipe that the grep writes to */
};

struct search {
	char *const *argv;     /* of grep; its {label} argument is the place of label */
	size_t label;          /* place in argv of "--label=NAME", 0 for none */
	/* What a grep found, piece by piece, and then its status: 0, 1 nothing. 0, or -1 to
	 * stop. */
	int (*take)(void *arg, struct source *s, struct span found, struct error *e);
	int (*end)(void *arg, struct source *s, int status, struct error *e);
	/* All logs before the mark are done. */
	void (*passed)(void *arg, void *mark);
	/* A log could not be opened; the others go on. */
	void (*refused)(void *arg, const struct error *why);
	void *arg;
	int status;            /* of all: 0 found, 1 not, 2 something could not be searched */
	bool broken;           /* take, end or a pipe failed: no more can be done */
	struct search_row *rows;
	size_t n, size, running, most;
};

/* The caller has set argv, label, the callbacks and arg; the rest is zero. Tries the pattern on
 * nothing: what is wrong with it grep says on standard error, and s->status is 2. 0 or -1. */
int search_init(struct search *s, struct error *e);
/* Begins to search the source's log, once there is a processor for it: until then it takes what the
 * first ones find. A log that is not there counts as empty. The source must stay until
 * search_after's mark. */
int search_add(struct search *s, struct source *source, struct error *e);
/* passed is called with the mark when all that was added before is done. */
int search_after(struct search *s, void *mark, struct error *e);
/* Takes what is left. 0 or -1. */
int search_finish(struct search *s, struct error *e);
/* Ends what still runs, after a failure, and passes the marks. */
void search_stop(struct search *s);

#endif
