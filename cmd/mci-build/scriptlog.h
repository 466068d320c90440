/*
 * scriptlog: script.log, where what the script writes on standard error goes: straight, or, in a build that
 * has secrets when the script starts, through a pipe and the build's mask.
 */
#ifndef MCI_BUILD_SCRIPTLOG_H
#define MCI_BUILD_SCRIPTLOG_H

#include "error.h"
#include "logfile.h"
#include "loop.h"
#include "mask.h"

struct scriptlog {
	struct loop *loop;
	int pipe; /* our end; -1: there is none, or it has ended */
	int dir;
	struct logfile_writer log;
};

/* Opens script.log of that run of the build in the folder; a descriptor for the script, which the caller
 * closes, or -1. */
int scriptlog_open(struct scriptlog *l, const char *folder, int run, struct mask *mask,
    struct loop *loop, struct error *e);
/* Takes what was written until now. */
void scriptlog_drain(struct scriptlog *l);
/* Takes that and closes what was opened. */
void scriptlog_close(struct scriptlog *l);

#endif
