/* build: one build whose logs are shown: its folder, its events as they come, and a source for each
 * job attempt that they name. */
#ifndef MCI_LOG_BUILD_H
#define MCI_LOG_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buildstream.h"
#include "command.h"
#include "error.h"
#include "folders.h"
#include "fold.h"
#include "line.h"
#include "loop.h"
#include "remote.h"
#include "message.h"
#include "source.h"
#include "state.h"

/* What a job noted beside its log. */
struct build_note {
	struct source *source;
	int64_t offset;   /* the log's length when it was read */
	int64_t time;     /* of the event */
	struct span note; /* the object; or */
	struct span text; /* the JSON string of a note that is none */
};

/* Where builds and their logs are looked for; NULL: where this user's builds are, and in no archive. */
struct build_where {
	const char *dir, *archive;
	const char *server; /* is asked for all of it; NULL: this user's, for what is not here */
};

struct build {
	struct state_build folder;
	char *only;     /* the one job that was asked for, NULL for all and the script */
	int attempt;    /* the one attempt that was asked for, 0 for all */
	int run;        /* that is read where only logs are kept, 0 for all; else the newest known */
	bool run_named; /* it was asked for */
	bool prefix;    /* names of sources begin with the build's */
	struct fold fold;
	/* unless NULL: called for each note as its event is read; set before build_read */
	void (*annotated)(void *arg, const struct build_note *n);
	/* unless NULL: called for each event of a job when it has been read and its sources know it */
	void (*told)(void *arg, const struct message *m, const struct fold_job *j);
	void *arg;
	int events;     /* descriptor; -1 when only logs are kept, or */
	char *server;   /* its events and logs are asked for there; NULL: they are here */
	bool ours;      /* that is this user's server */
	struct buildstream *stream; /* of its events, when it is followed */
	struct outage outage;  /* of who keeps its logs, and of its events */
	struct outage silence; /* of its events alone, a part of that */
	int64_t had;    /* events of a server's that were read; -1 before */
	struct error why;      /* that no more of them come */
	struct copies copies; /* of the logs that a log server keeps, as far as they were fetched */
	struct loop *loop;     /* of who follows; set before build_read, else NULL */
	bool locks;     /* in a folder where a writer holds a lock on its log's index (stored.h) */
	char **jobs;    /* of which only logs are kept: their names */
	size_t njobs;
	int last;       /* the last attempt there is of the one that was asked for */
	struct folders folders; /* where its logs are */
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

/* Whether events tell of it; else what there is to know are its logs. */
bool build_tells(const struct build *b);
/* The last source of a job, those of the attempts before are behind it (before); NULL when it has none. */
struct source *build_latest(const struct build *b, const struct fold_job *j);
/* Reads the events that were added; sources appear and end. */
int build_read(struct build *b, struct error *e);
/* The first source that is shown when it is not followed: of one job the last attempt that was
 * asked for, of a whole build all are. */
size_t build_first_shown(const struct build *b);
/* Leaves out the logs of jobs that did not fail, and of those that were allowed to; the script's stays when
 * it failed. */
void build_keep_failed(struct build *b);
/* For a build that has no source for the job that was asked for: says why. -1. */
int build_nothing(struct build *b, struct error *e);
/* Whether nothing that was asked for will be added any more. */
bool build_done(const struct build *b);
/* A descriptor that is readable when the build's mci-build has ended; -1 when it has already, or
 * cannot be told. */
int build_watch(const struct build *b);
/* For a build without build/end: whether its mci-build is gone. Then every source has ended. */
bool build_abandoned(struct build *b);
/* Nothing more is fetched: before the loop goes. */
void build_stop(struct build *b);
void build_free(struct build *b);

/* Those that a command line names. */
struct builds {
	struct build *all; /* opened, events not read */
	size_t n;
};

/* The rows of the option tables for where logs are; field is a struct build_where of the type. */
#define BUILDS_WHERE(type, field) \
	{ .name = "dir", .value = "DIR", .help = "look into this folder of logs", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, field.dir) }, \
	{ .name = "archive", .value = "file:DIR", .help = "where finished logs were moved to", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, field.archive) }

/* find.c. Opens each BUILD or BUILD/JOB, without operands the latest build here; attempt 0 is any. The builds
 * are to be closed whatever it returns. */
int builds_open(struct builds *builds, int argc, char **argv, int64_t attempt,
    const struct build_where *where, struct error *e);
/* Reads the events of all that are there. A job that was asked for and has no log is an error. */
int builds_read(struct builds *builds, struct error *e);
void builds_close(struct builds *builds);

#endif
