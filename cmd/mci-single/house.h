/*
 * house: servers of the kit as threads of one process: each has a loop and a thread of its own, and
 * nothing in common with the others but the socketpairs between them. The main thread starts them
 * one behind the other, alone takes signals, and ends them in the opposite order.
 */
#ifndef MCI_SINGLE_HOUSE_H
#define MCI_SINGLE_HOUSE_H

#include <pthread.h>
#include <stdbool.h>

#include "error.h"
#include "loop.h"
#include "serveentry.h"

#define HOUSE_MEMBERS 16

struct house {
	struct house_member {
		const struct serve_entry *entry;
		void *options; /* the struct of its command, as its command line has it */
		/* the rest is the house's */
		struct house *house;
		struct serve *serve;
		pthread_t thread;
		bool runs;
		int stop, ready, ended; /* our ends of pipes: -1 when they are closed */
		int theirs[3];
		int status;
	} members[HOUSE_MEMBERS];
	size_t n;
	/* From the loop, when all are ready: 0, or -1, which ends all. May be NULL. */
	int (*ready)(void *arg, struct error *e);
	void *arg;
	struct loop *loop; /* of the main thread */
	size_t begun;  /* members */
	bool stopping;
	int status;
};

/*
 * Runs them until they are told to stop: 0, or 125 when one of them failed, which was said on
 * standard error. A failure ends the process: then the others still run (house_runs), and it has to
 * end without waiting for them, as they may have to be killed at any moment.
 */
int house_run(struct house *h);
bool house_runs(const struct house *h);
/* When none runs any more. Their options are the owner's. */
void house_close(struct house *h);

#endif
