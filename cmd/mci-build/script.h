/*
 * script: where specs come from when they come as a stream: the build script, a coprocess that writes
 * specs and may read the build's events, or mci-build's own standard input ("-").
 */
#ifndef MCI_BUILD_SCRIPT_H
#define MCI_BUILD_SCRIPT_H

#include "build.h"

/* Starts the script, or begins to read standard input. 0 or -1. */
int script_start(struct build *b, struct error *e);
/* At the end of each round: tells an idle script so, notices that it is over. */
void script_round(struct build *b);
/* TERM now, KILL after the grace time. */
void script_stop(struct build *b);
/* Whether specs may still come from it. */
bool script_running(const struct build *b);
void script_free(struct build *b);

#endif
