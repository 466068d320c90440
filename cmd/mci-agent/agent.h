/*
 * agent: claims builds for as long as it has room for them, and works on them. From the lowest to
 * the highest:
 *   settings  what the command line says     remote    where repositories may be, and how git gets there
 *   mirror    a repository's objects here    claim     what the store gave
 *   checkout  the process that runs git      control   what is asked of a build that runs
 *   work      one build, to its end          left      what an agent before this one was working on
 */
#ifndef MCI_AGENT_AGENT_H
#define MCI_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings.h"

struct agent_options {
	struct settings settings;
	const char *token, *name;
	const char *labels;  /* a JSON object */
	bool isolates;       /* its runner does: builds of strangers are claimed */
	int64_t jobs;        /* builds at once */
	int64_t ready;       /* a descriptor, 0: nobody waits */
	bool once;           /* ends behind the first build, with its status */
};

/* Runs until it is told to stop; its exit status. For main. */
int agent_run(const struct agent_options *o);

#endif
