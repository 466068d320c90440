/*
 * buildlog: the file of a build's events, as the hub gave them, and what they amount to. Only what
 * is the build's own is in it: what mci-build said (run and seq, and build/initializing, with which
 * a run goes on), and what the store decided (change). What comes a second time, from whatever
 * crash, is known by these and left out.
 */
#ifndef MCI_STORE_BUILDLOG_H
#define MCI_STORE_BUILDLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "appendlog.h"
#include "bytes.h"
#include "error.h"
#include "fold.h"
#include "message.h"

struct buildlog {
	struct appendlog file;
	struct fold fold;
	int64_t run, seq;   /* of the last event of mci-build's */
	int64_t begun;      /* the run that said last that it goes on with the build */
	int64_t change;     /* of the last one of the store's */
	int64_t events;     /* how many there are */
	struct bytes fresh; /* taken, and not in the file yet */
};

/* The path of a build's file, below the folder of all. The caller frees. */
char *buildlog_path(const char *folder, const char *build);
/* Opens or makes it, and reads what is there. */
int buildlog_open(struct buildlog *b, const char *folder, const char *build, struct error *e);
/* Only reads it, when it is there: a build without a file has no events. */
int buildlog_read(struct buildlog *b, const char *folder, const char *build, struct error *e);
/* Takes an event line (with its newline) in; false: it is none of the build's own, or a repeat. */
bool buildlog_take(struct buildlog *b, const struct message *m, struct span line);
/* Brings what was taken into the file. */
int buildlog_flush(struct buildlog *b, struct error *e);
void buildlog_close(struct buildlog *b);

#endif
