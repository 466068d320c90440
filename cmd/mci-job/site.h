/* site: what a worker has: slots for its attempts, and what these share. */
#ifndef JOB_SITE_H
#define JOB_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup.h"
#include "children.h"
#include "command.h"
#include "display.h"
#include "diskuse.h"
#include "environment.h"
#include "interactive.h"
#include "error.h"
#include "logfile.h"
#include "logservice.h"
#include "loop.h"
#include "mask.h"
#include "notes.h"
#include "process.h"
#include "report.h"
#include "runner.h"
#include "scratch.h"
#include "secrets.h"
#include "settings.h"
#include "spec.h"

/* Logs that are opened at once at a server: it answers them faster than processes start. */
#define SITE_OPENING 8
/* Limits that setrlimit(2) sets. */
#define SITE_RLIMITS 5

struct site;
struct services;
struct containerwatch;

enum attempt_state {
	ATTEMPT_FREE,
	ATTEMPT_OPENING,  /* it waits for its log */
	ATTEMPT_COPYING,  /* its leader makes a copy of what is built */
	ATTEMPT_STARVED,  /* the system was short of what it needs to start; another attempt runs */
	ATTEMPT_SERVING,  /* its services are not all ready */
	ATTEMPT_RUNNING,  /* its leader lives */
	ATTEMPT_CLEARING, /* its leader is a zombie; what it left behind is being ended */
	ATTEMPT_UNDOING,  /* its leader removes what its runner left outside our processes */
	ATTEMPT_STORING,  /* it is over, and waits for its log to be on a server's disk */
};

/* One attempt at one job; attempt.h says what is done with it. */
struct attempt {
	struct site *site;
	enum attempt_state state;
	struct spec spec;
	struct command command;
	struct command_part part; /* what the leader runs */
	size_t first, entry;      /* its first entry, and the one that it is at: of the script or, */
	bool closing;             /* when that is over, of finally */
	struct services *services; /* that run beside it; or NULL */
	struct child *leader;     /* freed when the attempt is over: it holds its group's number */
	int pipes[2];             /* our ends: output, or stdout and stderr; -1 */
	int ends[3];              /* the job's, until its last process was started; -1 */
	int wait;                 /* what the shell of entries with names waits for comes from here; -1 */
	char terminal[32];        /* path of its pty, or "" */
	struct logfile_writer log;
	struct logservice_call *asked; /* about the log at a server; NULL: nothing is */
	void (*log_opened)(struct attempt *a, struct error *why);
	void (*log_closed)(struct attempt *a);
	void (*log_failed)(struct attempt *a); /* it takes no more */
	bool logged;              /* it had a log */
	const char *verdict;      /* why it has ended, and */
	struct bytes outputs;     /* what it has put out, once it is over */
	struct display display;
	struct notes notes;
	bool notes_ready;
	char *token;              /* MCI_OUTPUT=PATH */
	char *secrets;            /* folder of those that it gets as files */
	struct runner_job place;  /* where its processes run */
	struct containerwatch *container; /* of the leader; NULL: it runs in none, or that is gone */
	char *room;               /* its own of the site's rooms, or NULL */
	char *copy;               /* of what is built, where it works; NULL: in the build's folder */
	int64_t start;            /* kernel.now() at job/start */
	int64_t entry_start;
	int status;               /* wait status of the script's leader that ended last */
	int64_t user, system;     /* nanoseconds, all leaders with what they waited for */
	int64_t maxrss;           /* bytes */
	const char *reason;       /* why we end it; NULL: it ends by itself */
	struct error error;       /* text for reason start, limit:log, limit:outputs */
	bool killing;             /* TERM was not enough or not asked for: KILL all that is seen */
	bool hurried;             /* it was to be canceled when the script had ended already */
	bool cut;                 /* no entry of finally is started any more */
	unsigned warnings;        /* among its notes */
	struct limits limits;     /* what it may use */
	unsigned grouped;         /* 1 << enum limit: those that its cgroup sees to */
	struct cgroup cgroup;     /* the slot's */
	struct childsetup_limit rlimits[SITE_RLIMITS];
	size_t nrlimits;
	struct diskuse disk;
	int64_t quiet_size;       /* of the log when quiet was set */
	struct loop_timer *timeout, *quiet, *grace, *again, *look;
	int checks;               /* how often KILL was sent and something was left */
};

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
	struct cgroups cgroups;
	struct interactive interactive;
	const char *scratch;      /* private folder of this run */
	char *cwd;                /* absolute */
	struct scratch rooms;     /* on a disk, for what runners give attempts; made when asked for */
	char *home;               /* in there */
	char **spare;             /* of the rooms those that another attempt may have */
	size_t nspare;
	unsigned nrooms;          /* that were made */
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
