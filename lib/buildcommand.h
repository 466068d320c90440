/*
 * buildcommand: how a build was asked for: command.json in its folder, which mci-build writes:
 *   {"dir":"/src/zlib","argv":["--file=./ci.yaml","--param=CC=clang"],"specs":true}
 * the arguments, the folder where they were given, and with specs that the jobs came on standard input:
 * plan.ndjson, beside it, has them.
 */
#ifndef MCI_BUILDCOMMAND_H
#define MCI_BUILDCOMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "state.h"

struct buildcommand {
	char *dir;
	char **argv;
	size_t n;
	bool specs;
};

/* Reads that of a build. 0, or -1: ERROR_NOT_FOUND when there is none. */
int buildcommand_read(struct buildcommand *c, const struct state_build *b, struct error *e);
/* Standard input becomes the specs, when they came so, and the current folder that of the command; for a
 * process that becomes mci-build. 0 or -1. */
int buildcommand_enter(const struct buildcommand *c, const struct state_build *b, struct error *e);
void buildcommand_free(struct buildcommand *c);

#endif
