/* prepare: what mci-job is given for a job: its spec as it runs here, in the build's folder, a copy of it, or
 * where its inputs are put; and what is to be known of its files. */
#ifndef MCI_BUILD_PREPARE_H
#define MCI_BUILD_PREPARE_H

#include "jobfiles.h"
#include "outcome.h"
#include "params.h"
#include "workspace.h"

struct prepare {
	/* the caller's */
	struct params *params;
	struct outcome *outcome;
	struct workspace *workspace;
	const struct option_list *env; /* what all jobs get besides */
	const char *runner;  /* where jobs run, NULL: nobody said */
	bool stranger;             /* who wrote the jobs is not trusted */
	bool plan;           /* nothing runs */
	bool places;         /* caches and artifacts are kept: the build does not run in place */
	bool unsealed;       /* results are taken where nothing keeps a job to its inputs, too */
	/* the room's */
	bool noted_results;  /* that no result is taken was said */
};

/* Whether the result of the job may be another run's; else what it is made from is left alone, which is said
 * once. *unsealed: nothing keeps it to that. */
bool prepare_takes_results(struct prepare *p, const struct spec *s, bool *unsealed);
/* The line, of *length bytes, which the caller frees; *files (the caller's, too) is NULL when the job takes
 * and leaves none. NULL with an error when params have made it too long, or there can be no copy. */
char *prepare_job(struct prepare *p, struct spec *s, struct jobfiles **files, uint32_t *length,
    struct error *e);

#endif
