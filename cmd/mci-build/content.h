/*
 * content: a job whose result may be another run's: all that it is made from, as facts of which
 * mci-blob-hash makes a key, and what was found under that.
 */
#ifndef MCI_BUILD_CONTENT_H
#define MCI_BUILD_CONTENT_H

#include <stdbool.h>

#include "option.h"
#include "params.h"
#include "spec.h"

struct content {
	struct spec_inputs *inputs;
	struct bytes facts;  /* lines {"fact":NAME,"value":TEXT}; secrets stand in them */
	bool secret;         /* one does */
	bool unsealed;       /* nothing keeps it from using what it does not name */
	/* found out */
	char *key;           /* hex; NULL: not yet */
	char *changed;       /* JSON array: what is other than for the job's last result; NULL: not known */
	bool acted;          /* the job has done what its result would not: added jobs, kept files by call */
	bool hit;            /* a result of that key was there: */
	char *origin;        /* the build that made it, */
	char *outputs;       /* and what it put out, a JSON object; NULL: nothing */
	struct bytes notes;  /* of the run, or the one that is taken over: its log/annotated, a line each */
	int64_t warnings;    /* among them */
	char *replay;        /* what mci-job is given instead of the job: prints the log */
};

/* What makes a difference to the job besides its files: its spec with the params in it, what it has from
 * outside, and where it runs. env: of -e. */
struct content *content_of(const struct spec *s, struct params *params, const struct option_list *env,
    const char *runner, bool unsealed);
/* Facts about the commit that the job does not name are empty for it: adds them to its variables. */
void content_hide(const struct content *c, struct spec *s);
/* Makes what secrets are digested with: a file of random bytes. 0 or -1. */
int content_seal(const char *path, struct error *e);
/* The job has written a note; line is the event. Of more than CONTENT_NOTES bytes the result is not kept. */
#define CONTENT_NOTES (256 * 1024)
void content_note(struct content *c, struct span line);
/* Reads what was kept of the run that is taken over: a result, and its notes. 0 or -1. */
int content_take(struct content *c, const char *result, const char *notes, struct error *e);
/* Writes such files. 0 or -1. */
int content_keep(const struct content *c, const char *result, const char *notes, const char *build,
    const char *job, struct span outputs, struct error *e);
/* NULL is allowed. Secrets are wiped. */
void content_free(struct content *c);

#endif
