/*
 * serveentry: the servers of the kit that can share a process: mci-single(1) is all of them, a
 * thread each. Here is what it is told of each, and that is all that one program knows of another.
 */
#ifndef MCI_SERVEENTRY_H
#define MCI_SERVEENTRY_H

#include "command.h"
#include "serve.h"

/* One row each: its service, its program, and the verb that serves (NULL: it has none). The lowest
 * first: who is another's client stands behind it. */
#define SERVE_ENTRIES(row) \
	row(events, "mci-events", "serve") \
	row(log, "mci-log", "serve") \
	row(blob, "mci-blob", "serve") \
	row(store, "mci-store", "serve") \
	row(api, "mci-api", NULL)

/* events_entry, log_entry, ... */
struct serve_entry {
	const struct serve_program *program;
	const struct command *command; /* its struct begins with a struct serve_options */
	/* All of the program: what a configuration says may be for another verb. */
	const struct command *const *commands;
	size_t ncommands;
};

#define SERVE_ENTRY(service, program, verb) extern const struct serve_entry service##_entry;
SERVE_ENTRIES(SERVE_ENTRY)
#undef SERVE_ENTRY

#endif
