/*
 * runner: where the processes of a job run. What is to run is prepared as if it ran on this machine as it is;
 * a runner turns that into what is started instead, and becomes it there: same descriptors, same environment
 * but for what means nothing there, same folder, same exit status. A program mci-runner-NAME has the same
 * contract (mci-runner(7)).
 *
 * To add one is a row of lib's runners and one in place.c.
 */
#ifndef JOB_RUNNER_H
#define JOB_RUNNER_H

#include "children.h"
#include "error.h"
#include "process.h"
#include "runners.h"
#include "settings.h"
#include "spec.h"
#include "words.h"

struct runner;

/* A network that others are to share. */
#define RUNNER_NETWORK_OWN "own"

/* One attempt as its runner knows it. It lasts from the first process of the attempt to the last. */
struct runner_job {
	const struct runner *runner;
	/* borrowed from who starts it */
	const struct settings *settings;
	const struct spec *spec;
	const char *name;    /* of its own in this run, ID@NUMBER */
	const char *folder;  /* absolute: what it works in, and may write */
	const char *shown;   /* where it is to see that folder, as far as a runner can show it elsewhere */
	const char *scratch; /* private folder of this run, for files of the runner; NULL: only told */
	/* on a disk, where the runner asks for them: for this attempt alone, and a home for all of the run */
	const char *room, *home;
	const char *secrets; /* folder of files for it alone, which its variables name; NULL: none */
	const char *script;  /* path of the script that the command reads, or NULL */
	const char *output;  /* path of what it puts out; a runner may set another of its own */
	/* those that the spec exposes, as they are on this machine, malloced; or NULL: the same */
	int *ports;
	const char *network; /* that of its services, as its runner knows it; NULL: it has none */
	/* the runner's; NULL at first */
	void *own;
};

struct runner {
	const char *name; /* NULL: a program's */
	bool rooms;       /* it asks for room and home */
	bool elsewhere;   /* the programs there are not those of this machine */
	bool container;   /* its processes are in containers, of images */
	bool remote;      /* on another machine: what is seen here of a job's processes is not the job */
	/* Whether it can run this here: 0, or -1 with an error that says the way out. NULL: always. */
	int (*check)(const struct settings *settings, const struct spec *spec, struct error *e);
	/*
	 * p is the command on this machine, or where the job has none no path: an absolute dir,
	 * descriptors, env. It becomes what is spawned; what it points to then is the runner's until
	 * the next call. Called for each process of the attempt, one after another. 0, or -1 with an
	 * error; ENOENT, EACCES and ENOEXEC in e->sys mean the command itself. NULL: p stays.
	 */
	int (*prepare)(struct runner_job *job, struct process_spec *p, struct error *e);
	/* A signal for all of the job, KILL excepted, which goes to the whole tree. NULL: that does, too. */
	void (*signal)(struct runner_job *job, const struct child *leader, int signal);
	/* Whether a process that became a child of ours is of this job: one that lacks the job's
	 * environment. NULL: none is. */
	bool (*owns)(const struct runner_job *job, pid_t pid);
	/* Whether it is what jobs of a run share, and goes with that. NULL: there is no such thing. */
	bool (*shares)(const char *scratch, pid_t pid);
	/* The stem of a command that undoes what the last process left behind outside ours
	 * (leftovers.h). NULL: there is no such thing. */
	const char *(*left)(const struct runner_job *job);
	/* How its network is named to a runner_job that shares it; the caller frees. NULL: it is this
	 * machine's. */
	char *(*network)(const struct runner_job *job);
	/* Its first process, as /proc knows it; -1: it does not run yet. NULL: any of this machine will
	 * do. */
	pid_t (*first)(const struct runner_job *job);
	/* Appends what runs a command beside it. NULL: nothing is needed. */
	void (*enter)(const struct runner_job *job, struct words *w);
	/* One of its processes has ended so: what the job is to be told, and whether it is the runner's own
	 * failure: -1 with an error. NULL: it stays. */
	int (*ended)(struct runner_job *job, int *status, struct error *e);
	/* Appends to what --explain prints: lines of what the job would see, and of what would be started for
	 * p. Nothing is made. NULL: nothing. */
	void (*explain)(struct runner_job *job, const struct process_spec *p, struct bytes *into);
	/* The attempt is over, and nothing of it is left. NULL: nothing is to be done. */
	void (*over)(struct runner_job *job);
};

#endif
