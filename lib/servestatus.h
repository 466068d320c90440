/*
 * servestatus: the verb "status" of every server program: what a server and each of its services say
 * of themselves, as tables or as JSON.
 */
#ifndef MCI_SERVESTATUS_H
#define MCI_SERVESTATUS_H

#include <stdbool.h>

#include "command.h"
#include "serve.h"

struct servestatus_options {
	const char *address;
	bool json;
};

/* Its rows, for a table of options of which they are all. */
#define SERVESTATUS_OPTIONS \
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the server", \
	  .kind = OPTION_TEXT, .offset = offsetof(struct servestatus_options, address) }, \
	{ .name = "json", .help = "all of it, as one JSON object", .kind = OPTION_FLAG, \
	  .offset = offsetof(struct servestatus_options, json) }

/* Asks the server at the address, else where the program's clients look for it, and prints; the exit
 * status. For main. Blocks, for some seconds at most. */
int servestatus_run(const struct serve_program *p, const struct servestatus_options *o);

#endif
