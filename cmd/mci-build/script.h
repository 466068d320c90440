/*
 * script: where specs come from: the build script, a coprocess that writes specs and may read the build's
 * events, mci-build's own standard input ("-"), or a document; and the start of the filters that they pass.
 */
#ifndef MCI_BUILD_SCRIPT_H
#define MCI_BUILD_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "definition.h"
#include "document.h"
#include "filters.h"
#include "intake.h"
#include "journal.h"
#include "line.h"
#include "loop.h"
#include "mask.h"
#include "option.h"
#include "outcome.h"
#include "posted.h"
#include "said.h"
#include "progress.h"
#include "schedule.h"
#include "scriptlog.h"
#include "workspace.h"

struct script {
	/* the caller's */
	struct loop *loop;
	const struct definition *definition;
	const struct workspace *workspace;
	struct mask *mask;
	const struct option_list *env; /* what it gets besides */
	const struct option_list *given; /* filters, besides those of a document */
	struct logservice *logs; /* keeps its log; NULL: it is kept in the build's folder */
	struct isolation isolation; /* where it and the filters run */
	bool plan;       /* --plan: it is only read; of the parts below the first two are there */
	struct outcome *outcome;
	struct intake *intake;
	struct journal *journal;
	struct schedule *schedule;
	struct progress *progress;
	struct said said;
	/* the room's */
	const char *api; /* where its jobs and it reach the build */
	struct child *child; /* NULL: standard input, or the script has ended */
	int out;         /* what it writes, -1 before its start and after its end */
	bool watched;    /* out is in the loop; a regular file is read round by round instead */
	struct line_reader lines;
	struct journal_feed *feed; /* its stdin; NULL once closed */
	struct scriptlog log; /* its stderr, and that of the filters */
	struct filters filters;
	struct document document; /* until it is given to the filters */
	bool paused;     /* the filters have enough for now */
	bool coprocess;
	bool spec_came;  /* at least one */
	bool idle_said;  /* script/idle was written and nothing has come since */
	int64_t quiet_until; /* its stdin stays open so long by READ_QUIET alone, by said longer */
	struct loop_timer *timer; /* the next step of idle, closed, killed */
	bool overdue;    /* it was killed because it neither wrote nor ended */
	bool exited;
};

void script_init(struct script *s);
/* Starts the script, begins to read standard input, or reads the document. api is the path of the build's
 * API, NULL under --plan. 0 or -1. */
int script_start(struct script *s, const char *api, struct error *e);
/* At the end of each round: tells an idle script so, notices that it is over. */
void script_round(struct script *s);
/* TERM now, KILL after the grace time. */
void script_stop(struct script *s);
/* Whether specs may still come from it. */
bool script_running(const struct script *s);
void script_close(struct script *s);

#endif
