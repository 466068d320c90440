/*
 * runners: the names of places where jobs run, and what each gives: what everybody has to know who reads a
 * name. How a job is run there is mci-job's matter; what is no row here is the program mci-runner-NAME
 * (mci-runner(7)).
 */
#ifndef MCI_RUNNERS_H
#define MCI_RUNNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "spec.h"

enum runners_number {
	RUNNERS_HOST,
	RUNNERS_SANDBOX,
	RUNNERS_PODMAN,
	RUNNERS_SSH,
	RUNNERS_EXTERNAL, /* the last: it stands for all programs */
	RUNNERS_N
};

struct runners_row {
	const char *name; /* of a program "" */
	bool places;      /* behind its name and a colon stands which of several is meant */
	bool isolates;    /* jobs of strangers may run there */
	uint64_t serves;  /* keys of SPEC_MACHINE that it gives, 1 << enum spec_key */
};
extern const struct runners_row runners[RUNNERS_N];

/* The row of a name; NULL with an error when there is neither a row nor such a program on the PATH. */
const struct runners_row *runners_find(const char *name, struct error *e);
/* Whether jobs of strangers may run there. A program is asked: "mci-runner-NAME isolates" succeeds; waits for
 * it. */
bool runners_isolates(const char *name);
/* Which of them runs the job, when the command line named one (or NULL), which is the user's word against the
 * spec's. An image is podman's matter unless host was said, which does without, or a program. Never NULL. */
const char *runners_choose(const struct spec *s, const char *named);
/*
 * Whether a job can be run so: what spec_demands says, for where runners_choose sends it. Where nobody named
 * a place what a machine has to give is an error.
 */
int runners_demands(const struct spec *s, const char *named,
    void (*note)(void *arg, const struct spec_row *row), void *arg, struct error *e);

#endif
