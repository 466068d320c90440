/*
 * build: one build from its first event to its last. The parts know it by this struct; what each part
 * does is in its own file:
 *   journal   the event log and its readers     intake    specs become jobs of the graph
 *   graph     what waits for what               schedule  what runs next, what a result means
 *   script    the coprocess that writes specs   runner    mci-job
 *   api       the sockets                       progress  what the terminal shows
 *   publish   the hub                        turn      whose turn it is in the folder
 */
#ifndef MCI_BUILD_BUILD_H
#define MCI_BUILD_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "definition.h"
#include "error.h"
#include "facts.h"
#include "graph.h"
#include "identity.h"
#include "journal.h"
#include "loop.h"
#include "mask.h"
#include "option.h"
#include "outcome.h"
#include "params.h"
#include "scratch.h"
#include "selection.h"
#include "service.h"
#include "spec.h"
#include "state.h"

/* What the command line says; times in nanoseconds. */
struct build_options {
	const char *file; /* -f */
	int64_t jobs;     /* -j, 0: the number of CPUs */
	const char *progress;
	const char *blocked; /* what to do when only blocked jobs are left; NULL: as there is a terminal */
	bool json, plan, lint, list_keys, watch, fail_fast, no_deps, staged, no_wait;
	struct option_list skip, labels, params, env, secrets, secret_files;
	const char *param_file, *rev, *since, *runner, *log_dir, *log, *events;
	int64_t timeout; /* 0: none */
	struct option_list select; /* operands that are jobs */
	const char *given;         /* the definition: -f, "-" or an operand with a slash; NULL: look */
};

/* The jobs that are ready, or whose ends have to be followed up, as a list through job.next. */
struct job_queue {
	uint32_t first, last, n;
};

struct script;
struct runner;
struct progress;
struct prompt;
struct subscriber;
struct publish;
struct turn;

struct build {
	const struct build_options *options;
	struct loop *loop;
	struct definition definition;
	struct selection selection;
	struct params params;
	struct mask *mask;   /* what no log, plan or event is to tell */
	struct facts facts;
	struct state_build folder;
	struct identity identity;
	char *logs;          /* the folder of the jobs' logs */
	char *dir;           /* the folder that jobs run in: the project, or a clean checkout of it */
	char *checkout;      /* that checkout, removed at the end; NULL in place */
	struct journal journal;
	struct graph graph;
	struct job_queue ready, ended;
	struct bytes plan;   /* spec lines not yet in plan.ndjson */
	int plan_fd;
	uint32_t sent;       /* attempts that mci-job has and has not finished */
	uint32_t delayed;    /* retries that wait for their time */
	uint32_t blocked;    /* jobs that wait for a person */
	uint32_t window;     /* how many attempts mci-job is given at once */
	uint32_t counts[STATUS_N]; /* ended jobs */
	struct outcome outcome;
	bool canceled, broken; /* what follows from that was done */
	bool checked;        /* no spec will come any more, and the whole graph was checked after that */
	bool dropped;        /* --fail-fast has ended what waited */
	bool over;           /* build/end is written and everybody has read it: mci-build may end */
	struct script *script;
	struct runner *runner;
	struct progress *progress;
	struct prompt *prompt;
	struct server *api, *control;
	struct scratch sockets; /* the folder of the two */
	char *api_path, *control_path;
	struct publish *publish; /* NULL without --events */
	struct turn *turn;
	struct loop_timer *deadline;
	bool noted_places;   /* caches and artifacts were mentioned */
};

/* Runs a build; its exit status. */
int build_run(const struct build_options *o);

/* What the build is now: running, canceled already, or as it ended. */
enum status build_status(const struct build *b);

#endif
