/*
 * outcome: how the build stands and why, with the notes for people. Any part says here that the build is
 * broken or is to be canceled; what follows from that for the others is done at the end of the round
 * (build.c).
 */
#ifndef MCI_BUILD_OUTCOME_H
#define MCI_BUILD_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "fold.h"
#include "mask.h"

/* Exit statuses of what runs jobs. */
enum {
	EXIT_BUILD_SUCCESS = 0,
	EXIT_BUILD_FAILURE = 1,
	EXIT_BUILD_USAGE = 2,
	EXIT_BUILD_BUSY = 75,
	EXIT_BUILD_TIMEOUT = 124,
	EXIT_BUILD_ERROR = 125,
};

struct outcome {
	struct mask *mask;  /* borrowed: what no note is to tell */
	int64_t begun;      /* when build/start was written, 0 before */
	bool failed, errored; /* a job failed, or was canceled; could not be run; and was not allowed to */
	bool canceled;
	int cancel_exit;    /* exit status of a canceled build */
	char *reason;       /* of that */
	bool broken;        /* the definition, the script or mci failed: the build ends in error */
	int broken_exit;
	struct error why;   /* of that */
	const char *kind;   /* the same for programs: "definition"; NULL: nothing more is said */
	bool ordered;       /* an agent holds the build */
	bool cut;           /* this run is not ours any more: nothing is written or published, all ends now */
	bool finished;      /* build/end is written */
	bool drawn;         /* a view has the terminal: what matters to it is in the events */
};

/* The definition, the script or a part of mci is at fault: nothing more is started, what runs may finish,
 * the build ends in error. The first reason is kept and printed. */
void outcome_break(struct outcome *o, int exit_status, const struct error *why);
/* Ends everything: running jobs are told to stop, waiting ones are canceled. The first reason is kept; behind
 * the build's end nothing happens. */
void outcome_cancel(struct outcome *o, int exit_status, const char *reason);
/* Whoever has the build is gone, or a newer run of it has begun (why, for people): the build is let go as it
 * stands. */
void outcome_cut(struct outcome *o, const char *why);
/* A newer run of the build has begun: one that was ordered is let go. Whether it was. */
bool outcome_fence(struct outcome *o, const char *why);
/* Whether nothing more is started. */
bool outcome_ends(const struct outcome *o);
/* How the build ends as it stands now. */
enum status outcome_verdict(const struct outcome *o, int *exit_status);
/* A note for people, on stderr: "mci-build: text". */
void outcome_note(const struct outcome *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void outcome_free(struct outcome *o);

#endif
