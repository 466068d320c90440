/*
 * commandline: command.json in a build's folder: the arguments that ask for the same build again, and the
 * folder where they were given:
 *   {"dir":"/src/zlib","argv":["--file","./ci.yaml","--param","CC=clang"],"specs":true}
 * with specs when they came on standard input: plan.ndjson has them. How it was shown, and where it was told
 * of, is not part of it; values of secrets are masked.
 */
#ifndef MCI_BUILD_COMMANDLINE_H
#define MCI_BUILD_COMMANDLINE_H

#include "error.h"
#include "mask.h"
#include "options.h"
#include "workspace.h"

/* Writes it into the build's folder, unless who ordered the build knows. A revision is told as the commit
 * that was checked out, for its name may mean another one by then. 0 or -1. */
int commandline_keep(const struct build_options *o, const struct workspace *w, struct mask *mask,
    struct error *e);
/* What runs one job of this build again, but for the job's id behind it, as a person would type it where the
 * build was asked for, or in a clone of the repository of an order. The caller frees. */
char *commandline_again(const struct build_options *o, const struct workspace *w, struct mask *mask);

#endif
