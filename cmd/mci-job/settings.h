/* settings: what the command line says, for every part of mci-job. */
#ifndef JOB_SETTINGS_H
#define JOB_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "speclimits.h"

struct settings {
	int64_t jobs;             /* how many attempts run at once */
	const char *log_dir;      /* NULL: logs are not kept */
	const char *log;          /* address of a log server that keeps them instead, or NULL, */
	const char *build;        /* under the name of this build, */
	int run;                  /* in this run of it */
	bool insist;              /* a server that is away is waited for */
	const char *runner;       /* NULL: none was named */
	const char *network;      /* of jobs that name none: "host" or "none" */
	const char *const *visible; /* paths that isolated jobs may read besides */
	size_t nvisible;
	bool script;              /* argv is a build's script: no job, and it only reads what is built */
	struct limits limits;     /* for jobs that name none */
	struct limits most;       /* that a job may have */
	int first_port, last_port; /* of this machine, that containers may be reached by */
	const char *podman;       /* the command, words as a shell has them */
	const char *progress;     /* "json", "plain" or "none" */
	const char *const *env;   /* -e NAME[=VALUE] */
	size_t nenv;
	int64_t interactive;      /* descriptor of the spec of the one job, which gets our terminal; -1 */
	char **argv;              /* -- COMMAND...: the direct mode; else NULL */
};

/* Exit statuses of section 5 of the design. */
#define EXIT_JOB_FAILED 1
#define EXIT_USAGE 2
#define EXIT_TIMEOUT 124
#define EXIT_ERROR 125
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127
#define EXIT_SIGNAL 128

/* From TERM to KILL. */
#define GRACE (INT64_C(5) * 1000000000)

#endif
