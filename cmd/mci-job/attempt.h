/*
 * attempt: one attempt at one job, from its spec to job/executed. It lives in a slot of the site. All that
 * it started is gone before it is over: its process group, and what is known by the attempt's token,
 * the unique MCI_OUTPUT in its environment, among the orphans that became our children.
 */
#ifndef JOB_ATTEMPT_H
#define JOB_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "children.h"
#include "command.h"
#include "display.h"
#include "error.h"
#include "logfile.h"
#include "loop.h"
#include "notes.h"
#include "site.h"
#include "spec.h"

enum attempt_state {
	ATTEMPT_FREE,
	ATTEMPT_OPENING,  /* it waits for its log */
	ATTEMPT_STARVED,  /* the system was short of what it needs to start; another attempt runs */
	ATTEMPT_RUNNING,  /* its leader lives */
	ATTEMPT_CLEARING, /* its leader is a zombie; what it left behind is being ended */
};

struct attempt {
	struct site *site;
	enum attempt_state state;
	struct spec spec;
	struct command command;
	size_t entry;             /* of the script, the one that runs */
	struct child *leader;     /* freed when the attempt is over: it holds its group's number */
	int pipes[2];             /* our ends: output, or stdout and stderr; -1 */
	int ends[3];              /* the job's, until its last process was started; -1 */
	char terminal[32];        /* path of its pty, or "" */
	struct logfile_writer log;
	struct opening *opening;  /* of the log at a server; NULL: none is under way */
	struct display display;
	struct notes notes;
	bool notes_ready;
	char *token;              /* MCI_OUTPUT=PATH */
	int64_t start;            /* kernel.now() at job/start */
	int64_t entry_start;
	int status;               /* wait status of the leader that ended last */
	int64_t user, system;     /* nanoseconds, all leaders with what they waited for */
	int64_t maxrss;           /* bytes */
	const char *reason;       /* why we end it; NULL: it ends by itself */
	struct error error;       /* text for reason start, limit:log, limit:outputs */
	bool killing;             /* TERM was not enough or not asked for: KILL all that is seen */
	struct loop_timer *timeout, *grace, *again;
	int checks;               /* how often KILL was sent and something was left */
};

/* Takes the spec over and starts it in this free slot, or has its log opened first. When it cannot be started
 * it is over at once; only when descriptors, memory or processes are short and other attempts run, it is
 * starved and site->scarce. */
void attempt_start(struct attempt *a, struct spec *spec);
/* Tries a starved one again. */
void attempt_retry(struct attempt *a);
/* Some orphan has ended: is anything left of this attempt? */
void attempt_recheck(struct attempt *a);
/* TERM to all of it, KILL after the grace time. The first reason stays. One that was not started yet is over
 * at once. */
void attempt_cancel(struct attempt *a, const char *reason);
/* KILL to all of it. */
void attempt_kill(struct attempt *a, const char *reason);
/* Any signal to all of it (STOP, CONT). */
void attempt_signal(struct attempt *a, int signal);

/* While on, nothing is read that would add to the report; what writes it waits in its pipe. Also for a slot
 * that is free. */
void attempt_hold(struct attempt *a, bool on);

/* A spec that never got a slot: reports it canceled. */
void attempt_drop(struct site *site, const struct spec *spec);

#endif
