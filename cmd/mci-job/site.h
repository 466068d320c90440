/* site: what all attempts of one worker share. */
#ifndef JOB_SITE_H
#define JOB_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "environment.h"
#include "error.h"
#include "logservice.h"
#include "loop.h"
#include "mask.h"
#include "process.h"
#include "report.h"
#include "secrets.h"
#include "settings.h"

/* Logs that are opened at once at a server: it answers them faster than processes start. */
#define SITE_OPENING 8

struct attempt;

enum outcome {
	OUTCOME_SUCCESS,
	OUTCOME_FAILURE,
	OUTCOME_ERROR, /* it could not be run */
};

/* How an attempt ended, for whoever gave it a slot. */
struct ending {
	enum outcome outcome;
	const char *reason;
	int status; /* wait status of its last process, where there was one */
	struct error error;
};

struct site {
	const struct settings *settings;
	struct loop *loop;
	struct report report;
	struct environment environment;
	struct mask *mask;        /* what logs and events are not to tell */
	struct secrets secrets;   /* those of it that have names */
	const char *scratch;      /* private folder of this run */
	char *cwd;                /* absolute */
	int logs;                 /* descriptor of the log folder; -1: output is passed through */
	bool keep_logs;           /* --log-dir was given */
	struct logservice *logservice; /* keeps the logs instead; or NULL */
	int null;                 /* /dev/null */
	struct attempt *attempts; /* slots */
	size_t nattempts;
	size_t running;           /* slots in use */
	int opening;              /* attempts that wait for their log; at most SITE_OPENING */
	bool scarce;              /* the last start found too little: something has to end first */
	bool held;                /* nothing is read that adds to a report nobody takes */
	int children_list;        /* the kernel's list of our children; -1 when it could not be opened */
	struct process_list children; /* what it held last, kept so that a look costs no allocation */
	struct process_list spared; /* children that may not or cannot be killed: nobody waits for them */
	/* An attempt is over; its slot is free again. */
	void (*ended)(void *arg, const struct ending *ending);
	void *arg;
};

#endif
