/*
 * variables: the environment of one attempt: what all jobs share (lib's environment), what its spec says,
 * and what names the attempt.
 */
#ifndef JOB_VARIABLES_H
#define JOB_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "environment.h"
#include "spec.h"

/* What names one attempt; the texts are NAME=VALUE, borrowed until the job has been started. */
struct variables_attempt {
	const char *id;     /* NULL: it is no job, and gets PWD alone of these */
	int number;
	const char *output; /* MCI_OUTPUT=PATH */
	const char *notes;  /* MCI_NOTES=PATH, or NULL */
	const char *pwd;    /* PWD=PATH, or NULL */
	const char *status, *exit; /* MCI_STATUS=, MCI_EXIT=: how the script ended; NULL before */
};

/* The value that a job of this spec sees; NULL when it has none. */
const char *variables_value(const struct environment *v, const struct spec *s, const char *name);

/* Whether NAME=VALUE of that environment means something on another machine or in a container: not
 * what this one has of its own, unless the spec or one of asked (NAME[=VALUE]) names it. */
bool variables_travel(const struct spec *s, const char *const *asked, size_t nasked, const char *pair);

/* The environment of one attempt, NULL-terminated, in one piece of memory: the caller frees it. */
char **variables_make(const struct environment *v, const struct spec *s,
    const struct variables_attempt *a);

#endif
