/*
 * filestep: one thing that goes between a job and the store of large files, which it is there and where it
 * lies here, said as a command line of mci-blob.
 */
#ifndef MCI_BUILD_FILESTEP_H
#define MCI_BUILD_FILESTEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph.h"
#include "spec.h"
#include "workspace.h"

enum filestep_type {
	STEP_COPY,           /* makes what a staged job works in, */
	STEP_CACHE_RESTORE,
	STEP_ARTIFACT_RESTORE,
	STEP_ARTIFACT_SAVE,
	STEP_CACHE_SAVE,
	STEP_REMOVE,         /* and takes it away */
	/* of a job whose result may be another run's, resultstep.h */
	STEP_INPUTS,         /* copies what it is made from */
	STEP_LAST,           /* what its last result was made from */
	STEP_SEAL_FIND,      /* what secrets are digested with, */
	STEP_SEAL_SAVE,      /* which the first makes */
	STEP_KEY,
	STEP_FIND,
	STEP_RESULT_RESTORE, /* the files of an artifact, from the result */
	STEP_RESULT_LOG,
	STEP_RESULT_KEEP,    /* the same, to it */
	STEP_RESULT_SAVE,
	STEP_LIST_SAVE,
	STEP_BRING,          /* an artifact goes to what is built in place */
};

struct filestep {
	enum filestep_type kind;
	const struct spec_place *place;
	const struct spec_place *saved; /* of an artifact that comes back: as it was kept, */
	uint32_t from;                  /* and by which job; NO_JOB: none before this one keeps it */
};

struct filestep_kind {
	const char *noun;  /* of its events */
	const char *verb;  /* of mci-blob; NULL: it is another program */
	const char *event;
	bool needed;       /* the job is nothing without it */
	bool result;       /* resultstep.h has its words */
};
extern const struct filestep_kind filestep_kinds[]; /* by enum filestep_type */

/* What all steps of a build have in common. */
struct filestep_site {
	struct graph *graph;
	const struct workspace *workspace;
	const char *address; /* of the store; NULL: where mci-blob looks by itself */
	const char *log;     /* the log server; NULL: logs are files here */
	const char *scope;   /* whose names are read and written: trusted or stranger */
	struct mask *mask;   /* what no name is to tell that is kept */
};

void filesteps_add(struct filestep **steps, size_t *n, struct filestep step);
/* The same for an artifact that is to come back: from the job before this one that keeps it, the nearest, or
 * from all of one matrix. */
void filesteps_artifact(struct filestep **steps, size_t *nsteps, const struct filestep_site *at, uint32_t job,
    const struct spec_place *p);

/* Appends ORG/REPO, or ORG/REPO/N, of a build's name. */
void filestep_build(struct bytes *b, const char *build, bool number);
/* Appends the folder in which what is built stands for the job. */
void filestep_root(struct bytes *b, const struct filestep_site *at, const struct job *j);

struct filewords {
	char **list; /* NULL-terminated */
	size_t n;
};
/* Where a staged job works; the caller frees. */
char *filestep_stage(const struct filestep_site *at, const struct job *j);
/* Adds the command line of a step; *key becomes what its cache's key came to (the caller frees), else NULL.
 * NULL, or the files whose digest a key needs first (keytemplate.h), which the caller frees. */
char *filestep_words(const struct filestep_site *at, uint32_t job, const struct filestep *s,
    struct filewords *w, char **key);
/* Adds one that moves the files of a place under this name. */
void filestep_place_words(const struct filestep_site *at, const struct job *j, const struct filestep *s,
    const char *name, struct filewords *w);
/* That which tells the digest. */
void filestep_hash_words(const struct filestep_site *at, uint32_t job, const char *files,
    struct filewords *w);
/* Begins a command line of mci-blob with what each has. */
void filewords_begin(struct filewords *w, const struct filestep_site *at, const char *verb);
void filewords_add(struct filewords *w, const char *word);
/* Nothing with the value NULL. */
void filewords_option(struct filewords *w, const char *name, const char *value);
void filewords_free(struct filewords *w);
#define AUTO_FILEWORDS __attribute__((cleanup(filewords_free))) struct filewords

#endif
