/*
 * report: what mci-job says on its standard output. Events and replies are gathered and written once a
 * round of the loop; a reader that takes nothing makes report_busy true, and blocks nothing else.
 */
#ifndef JOB_REPORT_H
#define JOB_REPORT_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

struct report {
	struct loop *loop;
	int fd;
	bool events;      /* events are wanted */
	bool watched;     /* fd is in the loop */
	bool waiting;     /* fd took not all of out: the loop says when it takes more */
	bool lost;        /* nobody reads any more */
	bool socket, terminal;
	struct bytes out; /* whole lines not written yet */
	size_t safe;      /* of them, on a terminal, what was made safe for it */
	/* The reader hung up (why NULL) or writing failed. Called once. */
	void (*gone)(void *arg, const struct error *why);
	void *arg;
};

int report_open(struct report *r, struct loop *loop, struct error *e);
/* Writes what was gathered, as far as the reader takes it. */
void report_flush(struct report *r);
/* Says nothing more, and forgets what was not written: nobody waits for a reader that takes nothing. */
void report_drop(struct report *r);
/* So much is waiting that nothing should be begun that adds to it. */
bool report_busy(const struct report *r);
void report_close(struct report *r);

#endif
