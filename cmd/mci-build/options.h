/* options: what a build was asked for, on the command line or by an order. */
#ifndef MCI_BUILD_OPTIONS_H
#define MCI_BUILD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "option.h"

struct order;

/* Times in nanoseconds. */
struct build_options {
	const char *file; /* -f */
	int64_t jobs;     /* -j, 0: the number of CPUs */
	const char *progress;
	const char *blocked; /* what to do when only blocked jobs are left; NULL: as there is a terminal */
	bool declares; /* --params: only say which params the definition takes */
	bool why;      /* --why: only say which jobs run, and why; asked: these, instead of select */
	struct option_list asked;
	bool json, plan, lint, list_keys, watch, fail_fast, no_deps, staged, no_wait, sandbox, unsealed;
	bool no_cache;
	const char *stop_at; /* --break: a job, or "failed" */
	struct option_list limits, most; /* what jobs may use: NAME=VALUE */
	struct option_list skip, labels, params, env, secrets, secret_files, through;
	const char *param_file, *rev, *since, *runner, *podman, *ports, *log_dir, *log, *events, *blob;
	struct facts_given facts;  /* for trying conditions */
	int64_t timeout; /* 0: none */
	struct option_list select; /* operands that are jobs */
	bool stranger;             /* who wrote what is built is not trusted */
	const char *order_at;      /* the address of an order, */
	struct order *order;       /* and what it says: params and secrets, and what to build; NULL: none */
	const char *resume, *resume_at; /* a build that goes on, and, once it asks for itself, its folder */
	const char *reuse, *from;  /* a build whose results are taken over, and the job from which on not */
	const char *given;         /* the definition: -f, "-" or an operand with a slash; NULL: look */
};

#endif
