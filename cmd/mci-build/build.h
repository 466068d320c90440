/*
 * build: one build from its first event to its last. It has all the parts, gives each what it uses, and does
 * at the end of each round what follows for all from what one has said. From the lowest to the highest:
 *   outcome   how the build stands            workspace its folders
 *   journal   the event log and its readers   graph     what waits for what
 *   posted    events of others                turn      whose turn it is in the folder
 *   publish   the hub                         runner    mci-job
 *   schedule  what runs next, what a result means
 *   progress  what is shown, and who is asked intake    specs become jobs of the graph
 *   script    the coprocess that writes specs api       the sockets
 */
#ifndef MCI_BUILD_BUILD_H
#define MCI_BUILD_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "option.h"

struct order;

/* What the command line says, or an order; times in nanoseconds. */
struct build_options {
	const char *file; /* -f */
	int64_t jobs;     /* -j, 0: the number of CPUs */
	const char *progress;
	const char *blocked; /* what to do when only blocked jobs are left; NULL: as there is a terminal */
	bool json, plan, lint, list_keys, watch, fail_fast, no_deps, staged, no_wait;
	struct option_list skip, labels, params, env, secrets, secret_files;
	const char *param_file, *rev, *since, *runner, *log_dir, *log, *events;
	struct facts_given facts;  /* for trying conditions */
	int64_t timeout; /* 0: none */
	struct option_list select; /* operands that are jobs */
	const char *order_at;      /* the address of an order, */
	struct order *order;       /* and what it says: params and secrets, and what to build; NULL: none */
	const char *given;         /* the definition: -f, "-" or an operand with a slash; NULL: look */
};

/* Runs a build; its exit status (outcome.h). */
int build_run(const struct build_options *o);

#endif
