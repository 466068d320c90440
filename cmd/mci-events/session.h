/* session: one run of mci-events sub: a subscription, and what is done with its events: written
 * to standard output, or given to a command, and acknowledged. */
#ifndef MCI_EVENTS_SESSION_H
#define MCI_EVENTS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "command.h"
#include "error.h"

/* What the command line says; times in nanoseconds, 0: not given. */
struct sub_options {
	const char *address, *from, *durable, *build, *job, *format;
	struct option_list where;
	bool synced;
	int64_t count, timeout, retry;
};

struct sub_plan {
	const struct sub_options *options;
	const char *address;
	struct span params;   /* of event/subscribe: members without from */
	struct span from;     /* JSON */
	char *const *command; /* NULL: standard output */
};

/* Runs until it has what was asked for; the exit status, or -1 with an error. */
int session_run(const struct sub_plan *plan, struct error *e);

#endif
