/*
 * kept: what the jobs of an earlier build came to. A job that did there what it was to do, and before which
 * nothing runs again, need not run: its result is taken over (--reuse).
 */
#ifndef MCI_BUILD_KEPT_H
#define MCI_BUILD_KEPT_H

#include <stdbool.h>

#include "error.h"
#include "fold.h"
#include "nametable.h"

struct kept_job {
	char *id;
	enum status status;
	bool allowed;  /* a failure that did not count */
	int exit;      /* -1: none */
	char *outputs; /* raw JSON object, or NULL */
};

struct kept {
	struct kept_job *jobs;
	size_t n, size;
	struct nametable names;
	/* runs again in any case, and so does what is behind it; NULL: no job does */
	const char *from;
};

/* Reads the events of the build that text names (state.h), in or out of the project; nothing when it is
 * NULL. Blocks. 0 or -1. */
int kept_open(struct kept *k, const char *text, const char *from, const char *project, struct error *e);
/* NULL when it was not there. */
const struct kept_job *kept_find(const struct kept *k, const char *id);
/* Whether the job has done what it was to do. */
bool kept_good(const struct kept_job *job);
void kept_free(struct kept *k);

#endif
