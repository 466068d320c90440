/* jobfiles: which files a job takes and leaves, as its spec says, kept as long as the build may need it. */
#ifndef MCI_BUILD_JOBFILES_H
#define MCI_BUILD_JOBFILES_H

#include "content.h"
#include "mask.h"
#include "spec.h"

struct jobfiles {
	char *dir; /* where the job works, relative to what is built; NULL: there */
	bool in_place; /* the build is: caches are left alone, and what it leaves comes back there */
	bool staged; /* it works in a copy, which is made before it begins, and goes behind it */
	struct spec_place *caches, *saves, *restores;
	size_t ncaches, nsaves, nrestores;
	struct spec_place **given; /* artifacts that the job itself has saved, by a call */
	size_t ngiven;
	struct content *content;   /* its result may be another run's; NULL: it runs */
	/* the transfer's */
	struct spec_pair *hashes; /* digests of files that keys are made of, by the text that asked */
	size_t nhashes;
	char *origin;    /* the build that has its artifacts; NULL: this one */
	/* the schedule's */
	char *executed;  /* its job/executed, while something is saved */
};

/* What is told of it; NULL when it takes and leaves nothing. */
struct jobfiles *jobfiles_of(const struct spec *s);
/* What it calls them: is in events, in the store, and on command lines. -1 with an error when a secret is. */
int jobfiles_check(const struct spec *s, struct mask *mask, struct error *e);
/* Which of its artifacts has that id; NULL: none. f may be NULL. */
const struct spec_place *jobfiles_artifact(const struct jobfiles *f, const char *id);
/* The job has done more than what is kept of its result. f may be NULL. */
void jobfiles_act(struct jobfiles *f);
/* The job has saved this one by a call: f, or new ones for f NULL. */
struct jobfiles *jobfiles_give(struct jobfiles *f, const struct spec_place *place);
/* NULL is allowed. */
void jobfiles_free(struct jobfiles *f);

#endif
