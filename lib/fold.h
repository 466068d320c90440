/*
 * fold: what a stream of events amounts to: the state of a build and of its jobs. The tree, mci show,
 * mci ls, mci wait and exit codes are views of it. Reads events by a scan, no tree.
 */
#ifndef MCI_FOLD_H
#define MCI_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "message.h"
#include "nametable.h"

enum status {
	STATUS_PENDING, STATUS_QUEUED, STATUS_INITIALIZING, STATUS_RUNNING, STATUS_BLOCKED,
	STATUS_SUCCESS, STATUS_FAILURE, STATUS_ERROR, STATUS_SKIPPED, STATUS_CANCELED,
	STATUS_N
};
const char *status_name(enum status s);
/* -1 when text is no status. */
int status_parse(struct span text);
bool status_ended(enum status s);
/* Whether something that ended so has not done what it was to do: failure, error, canceled. */
bool status_bad(enum status s);

/* What a job has left in the store of large files. */
struct fold_artifact {
	char *id;
	char *name, *digest;        /* what it is called there, and SHA-256 of its manifest; may be NULL */
	int64_t files, bytes;
	int64_t saved;              /* wall clock */
};

struct fold_job {
	char *id;
	char *name;                 /* what people call it; may be NULL */
	enum status status;
	int attempt;
	bool cached, allowed;       /* taken from the store; failed, but allow-failure */
	char *reason;               /* "exit", "timeout"... of its end, or why it was skipped; may be NULL */
	char *runner;               /* where it ran last; may be NULL */
	char *error;                /* what exactly was wrong, when it says; may be NULL */
	char *reproduce;            /* the command that runs it again; may be NULL */
	int exit, signal;           /* -1 when not so */
	int64_t started, ended;     /* wall clock, 0 when not yet */
	int64_t elapsed, user, system; /* nanoseconds */
	int64_t maxrss, bytes;
	int warnings;               /* among its notes */
	int command;                /* index of the entry that began last, -1 */
	char *text, *step;          /* of that entry, and its name; may be NULL */
	size_t order;               /* when it first appeared */
	struct fold_artifact *artifacts; /* in the order in which they came first */
	size_t nartifacts;
};

struct fold {
	char *build;                /* name */
	enum status status;
	int64_t started, ended;
	int64_t elapsed;
	int64_t run;                /* the newest that said something; 0: none did */
	int64_t said_run;           /* the newest of which mci-build said something; 0: none */
	int64_t ended_run;          /* whose end it was; -1: it has none. An older run's is none, nor a
	                             * second one of the same */
	char *folder, *dir;         /* of the build, and of what it builds */
	char *logs;                 /* the folder of its jobs' logs; may be NULL */
	char *log;                  /* address of the log server that keeps its jobs' logs; NULL: none does */
	char *script;               /* the definition's name */
	int script_exit, script_signal; /* how it ended; -1 when not so */
	char *reason;               /* of its end in one word, when it says; may be NULL */
	char *message;              /* why the build ended in error, when it did */
	int exit;                   /* the exit status of mci-build, from build/end; -1 before */
	int64_t seq, time;          /* of the last event */
	struct fold_job *jobs;      /* in order of appearance */
	size_t njobs, size;
	size_t counts[STATUS_N];    /* jobs by status */
	struct nametable ids;       /* of jobs */
};

void fold_init(struct fold *f);
/* Takes one event in; unknown types change nothing. -1 only for what is no event. */
int fold_event(struct fold *f, const struct message *m, struct error *e);
/* Folds a whole events file; a torn last line is left out. 0, or -1 with FILE:LINE. */
int fold_file(struct fold *f, const char *path, struct error *e);
struct fold_job *fold_find(struct fold *f, const char *id, size_t n);
/* Appends why the job ended as it did, in words (reason.h); nothing that its status says already. */
void fold_reason(struct bytes *into, const struct fold_job *j);
/* Appends "3 ok, 1 failed, 2 running": jobs by what became of them; "no jobs". */
void fold_counts(struct bytes *into, const struct fold *f);
void fold_free(struct fold *f);

#endif
