/*
 * past: what the log of a build says of it, for a run that goes on with it, or for a build that runs it
 * again: which jobs have ended and how, and how far the others came. Read event by event; memory is
 * bounded by the jobs and what they put out.
 */
#ifndef MCI_BUILD_PAST_H
#define MCI_BUILD_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold.h"
#include "message.h"
#include "nametable.h"

struct past_texts {
	char **list;
	size_t n;
};

struct past_job {
	char *id;
	struct past_texts needs; /* ids of jobs, or of a matrix, */
	struct past_texts takes; /* of artifacts that it restores, */
	struct past_texts keeps; /* and of those that it has saved */
	bool pending;      /* job/pending was said, */
	bool blocked, unblocked; /* and these, */
	int queued;        /* and job/queued of this attempt; 0: of none */
	int attempt;       /* the last that began, 0: none did */
	bool over;         /* it was executed */
	int uncounted;     /* attempts that do not count: before its job/pending, or cut off */
	char *executed;    /* its job/executed, when nothing has come of that yet */
	bool ended;
	enum status status; /* of its end, with: */
	int exit;          /* -1: none */
	bool allowed, barred, lost;
	char *outputs;     /* a JSON object, NULL */
	char *origin;      /* the build that its result was taken from; NULL */
	bool again;        /* it has ended, and runs again all the same */
	bool here;         /* its spec has come in this run too */
};

struct past {
	struct past_job *jobs;
	uint32_t n, size;
	struct nametable names;
	int64_t run, seq;  /* of the last event, 0: there is none */
	char *canceled;    /* the reason for which the build is being canceled; NULL */
	char *end;         /* the line of build/end; NULL */
	char **added;      /* specs that jobs have added */
	size_t nadded;
	bool script_over;  /* the script had said all that it had to */
	char *build;       /* its name; NULL: there are no events */
	char *dir, *definition; /* of build/start; NULL */
	const char *from;  /* of a build that is run again: this job does in any case; NULL: none */
	bool moved;        /* what is to run has another workspace than what has run */
	uint32_t kept, repeated; /* jobs that have ended: those that are not run again, those that are */
};

/* Takes one event in; of others than mci-build nothing. */
void past_take(struct past *p, const struct message *m);
/* NULL when nothing is known of the job. */
struct past_job *past_find(const struct past *p, const char *id);
/*
 * What is to run has another workspace than what has run. A job that has ended is kept when nothing that
 * runs needs it, through others too, other than an artifact of it that is in the store. script: its jobs come
 * from one, and are known whole when that was over.
 */
void past_move(struct past *p, bool script);
/* The same for a build that is run again: what failed, or (from not "") that job and what is behind it,
 * runs, and what has not succeeded. */
void past_repeat(struct past *p, const char *from);
/* Whether a job has added this very spec. */
bool past_added(const struct past *p, struct span spec);
/* Whether the job has done what it was to do. */
bool past_good(const struct past_job *j);
/* Whether the job's end stays. */
bool past_keeps(const struct past_job *j);
/* How many jobs do, and how many run again, goes to kept and repeated. */
void past_count(struct past *p);
void past_free(struct past *p);

#endif
