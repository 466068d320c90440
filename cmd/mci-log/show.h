/* show: mci-log cat and follow: what is there now, and how it was asked for. */
#ifndef MCI_LOG_SHOW_H
#define MCI_LOG_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "marker.h"
#include "output.h"
#include "view.h"
#include "build.h"

struct show {
	struct builds builds;
	bool merge;       /* all in one, by time */
	bool failed;      /* of jobs that failed alone */
	bool states;      /* followed: with lines about the jobs and the build themselves */
	bool sections;    /* folded; from notes, or: */
	enum marker_style markers;
	struct range range;
	struct output out;
};

/* follow.c. Shows what is there and what comes, until the builds, or the jobs asked for, have ended. 0 or
 * -1. */
int show_follow(struct show *s, struct error *e);

#endif
