/* run: one build whose logs are shown: its folder, its events as they come, and a source for each
 * job attempt that they name. */
#ifndef MCI_LOG_RUN_H
#define MCI_LOG_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "depot.h"
#include "error.h"
#include "fold.h"
#include "line.h"
#include "loop.h"
#include "mirror.h"
#include "message.h"
#include "source.h"
#include "state.h"

/* What a job noted beside its log. */
struct run_note {
	struct source *source;
	int64_t offset;   /* the log's length when it was read */
	int64_t time;     /* of the event */
	struct span note; /* the object; or */
	struct span text; /* the JSON string of a note that is none */
};

/* Where builds and their logs are looked for; NULL: where this user's builds are, and in no archive. */
struct run_where {
	const char *dir, *archive;
};

struct run;

/* How a build without events is read, when it is not by its folder (bare.h). */
struct run_reader {
	int (*read)(struct run *r, struct error *e);
	bool (*done)(const struct run *r);
};

struct run {
	struct state_build build;
	char *only;     /* the one job that was asked for, NULL for all and the script */
	int attempt;    /* the one attempt that was asked for, 0 for all */
	bool prefix;    /* names of sources begin with the build's */
	struct fold fold;
	/* unless NULL: called for each note as its event is read; set before run_read */
	void (*annotated)(void *arg, const struct run_note *n);
	/* unless NULL: called for each event of a job when it has been read and its sources know it */
	void (*told)(void *arg, const struct message *m, const struct fold_job *j);
	void *arg;
	int events;     /* descriptor; -1 when only logs are kept */
	struct mirror *mirror; /* of the logs that the fold's log server keeps, as far as they were fetched */
	struct log_folders fetched;
	struct loop *loop;     /* of who follows; set before run_read, else NULL */
	bool bare;      /* then: in a folder with locks */
	const struct run_reader *reader; /* of that, set before run_read */
	struct depot *depot; /* that folder */
	char **jobs;    /* and the names of their jobs */
	size_t njobs;
	struct log_folders own, logs; /* where script.log and the jobs' logs are */
	struct line_reader lines;
	struct source **sources;  /* in the order in which they started */
	size_t n, size;
	struct source **latest;   /* the last source of each job, by its place in the fold */
	size_t nlatest;
	pid_t pid;      /* of the mci-build that writes the events, 0 when not known */
	bool ended;     /* build/end was read, or its mci-build is dead */
	bool finished;  /* the job that was asked for has its job/end */
	bool dirty;     /* there may be new events */
};

/* Finds the build (and job) that text names and opens its folder. */
int run_open(struct run *r, const char *text, const char *project, const struct run_where *where,
    struct error *e);
/* Adds a source for the log of a job (borrowed; NULL: the script) and attempt. */
struct source *run_add_source(struct run *r, const char *job, int attempt);
/* The last source of a job, those of the attempts before are behind it (before); NULL when it has none. */
struct source *run_latest(const struct run *r, const struct fold_job *j);
/* Reads the events that were added; sources appear and end. */
int run_read(struct run *r, struct error *e);
/* The first source that is shown when it is not followed: of one job the last attempt that was
 * asked for, of a whole build all are. */
size_t run_first_shown(const struct run *r);
/* For a run that has no source for the job that was asked for: says why. -1. */
int run_nothing(struct run *r, struct error *e);
/* Whether nothing that was asked for will be added any more. */
bool run_done(const struct run *r);
/* A descriptor that is readable when the build's mci-build has ended; -1 when it has already, or
 * cannot be told. */
int run_watch(const struct run *r);
/* For a build without build/end: whether its mci-build is gone. Then every source has ended. */
bool run_abandoned(struct run *r);
/* Nothing more is fetched: before the loop goes. */
void run_stop(struct run *r);
void run_free(struct run *r);

#endif
