/*
 * progress: what a build shows while it runs. Every view is a reader of the event log: JSON is the log
 * itself on standard output; the tree is `mci tree` with the log on its standard input; plain is
 * `mci-log follow` on the build's folder.
 */
#ifndef MCI_BUILD_PROGRESS_H
#define MCI_BUILD_PROGRESS_H

#include "build.h"

/* Chooses by --progress, --json, -q and what the descriptors are, and starts the views. */
int progress_start(struct build *b, struct error *e);
/* A job that ran, or could not, has ended so; why is in words. Without a view that shows it, a failure is
 * said on stderr, with the end of the log of the first few. */
void progress_job_ended(struct build *b, const struct job *j, enum status status, const char *why);
/* The same for the build script and its script.log. */
void progress_script_failed(struct build *b);
/* All events are in the log: views end when they have shown them. */
void progress_finish(struct build *b);
/* Whether a view has not ended yet. */
bool progress_open(const struct build *b);
/* Whether a view could not write. */
bool progress_failed(const struct build *b);
/* Stops waiting for views. */
void progress_abandon(struct build *b);
void progress_free(struct build *b);

#endif
