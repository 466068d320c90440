/*
 * environment: what a job finds in its environment, and nothing else. What all jobs share is put
 * together once; a job adds what its spec says and what names its attempt.
 */
#ifndef JOB_ENVIRONMENT_H
#define JOB_ENVIRONMENT_H

#include <stddef.h>

#include "spec.h"

struct environment {
	char **common;  /* NAME=VALUE of every job */
	size_t n;
	size_t granted; /* from here on they came by -e: a spec does not replace these */
};

/* What names one attempt; the texts are NAME=VALUE, borrowed until the job has been started. */
struct environment_attempt {
	const char *id;
	int number;
	const char *output; /* MCI_OUTPUT=PATH */
	const char *notes;  /* MCI_NOTES=PATH, or NULL */
	const char *pwd;    /* PWD=PATH, or NULL */
};

void environment_open(struct environment *v, const char *const *granted, size_t n);
void environment_close(struct environment *v);

/* The value that a job of this spec sees; NULL when it has none. */
const char *environment_value(const struct environment *v, const struct spec *s, const char *name);

/* The environment of one attempt, NULL-terminated, in one piece of memory: the caller frees it. */
char **environment_make(const struct environment *v, const struct spec *s,
    const struct environment_attempt *a);

#endif
