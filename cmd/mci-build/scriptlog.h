/*
 * scriptlog: the script's log, where what it writes on standard error goes: script.log, straight, or, in
 * a build that has secrets when the script starts, through a pipe and the build's mask; or a log server,
 * through a pipe.
 */
#ifndef MCI_BUILD_SCRIPTLOG_H
#define MCI_BUILD_SCRIPTLOG_H

#include "error.h"
#include "logfile.h"
#include "logservice.h"
#include "loop.h"
#include "mask.h"

struct scriptlog {
	struct loop *loop;
	int pipe; /* our end; -1: there is none, or it has ended */
	int dir;
	struct logfile_writer log;
	struct logservice *service;    /* NULL: the log is a file of ours */
	struct logservice_call *asked; /* NULL: nothing is under way */
	void (*opened)(void *arg, int fd, struct error *e);
	void (*stored)(void *arg, const struct error *e);
	void *arg;
};

/* Opens script.log of that run of the build in the folder; a descriptor for the script, which the caller
 * closes, or -1. */
int scriptlog_open(struct scriptlog *l, const char *folder, int run, struct mask *mask,
    struct loop *loop, struct error *e);
/* The same at a server: opened is called with the descriptor, or -1 and why. 0 or -1. */
int scriptlog_ask(struct scriptlog *l, struct logservice *service, struct mask *mask, struct loop *loop,
    void (*opened)(void *arg, int fd, struct error *e), void *arg, struct error *e);
/* The script has ended. At a server the log ends as well: stored is called when it has it, or will not. */
void scriptlog_store(struct scriptlog *l, void (*stored)(void *arg, const struct error *e));
/* Whether a server is being waited for. */
bool scriptlog_asks(const struct scriptlog *l);
/* Takes what was written until now. */
void scriptlog_drain(struct scriptlog *l);
/* Takes that and closes what was opened. */
void scriptlog_close(struct scriptlog *l);

#endif
