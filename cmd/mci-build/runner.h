/* runner: the link to mci-job: specs and cancels go down, events come up and go on into the journal. */
#ifndef MCI_BUILD_RUNNER_H
#define MCI_BUILD_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "graph.h"
#include "journal.h"
#include "loop.h"
#include "option.h"
#include "outcome.h"
#include "params.h"
#include "request.h"
#include "workspace.h"

struct runner_events {
	/* An attempt at the job is over; line is its job/executed. */
	void (*executed)(void *arg, struct span job, struct span line);
	/* An attempt at the job runs; line is its job/start. */
	void (*started)(void *arg, struct span job, struct span line);
	/* The job has written a note; line is its log/annotated. */
	void (*noted)(void *arg, struct span job, struct span line);
	/* mci-job is gone. finished: it was told that no attempt will come any more. */
	void (*gone)(void *arg, bool finished);
};

/* mask/add without a reply yet. */
struct runner_asked;

struct runner {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	struct outcome *outcome;
	const struct workspace *workspace;
	const struct params *params;   /* the secrets */
	const struct option_list *env; /* what all jobs get besides */
	const struct option_list *limits, *most; /* of jobs: NAME=VALUE */
	int64_t jobs;                  /* that run at once */
	const char *name;              /* of the runner, NULL: mci-job's own choice */
	bool stranger;                 /* its jobs get no network */
	const char *podman;            /* the command that runs containers, or NULL, the same */
	const char *ports;             /* by which they are reached, the same */
	const char *log;               /* address of the log server, NULL: none */
	const struct runner_events *events;
	void *arg;
	/* The path of a socket of the build's API for one job, NULL with an error; and its end. */
	const char *(*door_open)(void *doors, const char *job, struct error *e);
	void (*door_close)(void *doors, const char *job);
	void *doors;
	/* the room's */
	struct link *up;     /* its events; NULL once it is gone */
	struct link *down;   /* specs; NULL once closed */
	struct child *child; /* mci-job; NULL: it has ended */
	bool finishing;
	struct runner_asked *asked;
	int64_t last_id;
	size_t unmasked;     /* of asked those that hold up the first job */
};

/* Starts mci-job. api is the path of the build's API; lock (-1: none) a descriptor to keep open as long as it
 * lives. 0 or -1. */
int runner_start(struct runner *r, const char *api, int lock, struct error *e);
/* Whether it takes more for now: what it has not read yet is little, and it masks all secrets that the
 * build began with. */
bool runner_takes(const struct runner *r);
/* Gives it one attempt. */
void runner_send(struct runner *r, const struct job *j);
void runner_cancel(struct runner *r, const char *id);
/* Tells it a value to mask; with a name (else NULL) it is given to jobs that name it. asked is answered when
 * mci-job has answered; with NULL no attempt is sent before. -1: nothing was sent. */
int runner_mask(struct runner *r, const char *name, const char *value, struct request *asked,
    struct error *e);
/* No attempt will come any more: it ends when what runs has ended. */
void runner_finish(struct runner *r);
/* Whether it is still there. */
bool runner_alive(const struct runner *r);
/* Sends it a signal, for stopping and continuing. */
void runner_signal(struct runner *r, int signal);
/* Kills it and everything below at once. */
void runner_kill(struct runner *r);
void runner_close(struct runner *r);

#endif
