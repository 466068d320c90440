/* logname: which log is meant: of one attempt of a job of a build, or what the build's script wrote. */
#ifndef MCI_LOG_LOGNAME_H
#define MCI_LOG_LOGNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

struct logname {
	char *build; /* "ORG/REPO/N": nothing in it leads out of the folder of builds */
	char *job;   /* NULL: the script's log */
	int attempt; /* from 1; 0: the last one */
};

/* Copies are made. 0, or -1 with what is wrong with it. */
int logname_set(struct logname *n, const char *build, const char *job, int64_t attempt, struct error *e);
/* Reads "ORG/REPO/N", "ORG/REPO/N/JOB" and "ORG/REPO/N/JOB@ATTEMPT". */
int logname_parse(struct logname *n, const char *text, struct error *e);
/* Appends it in that form; the first attempt without a number. */
void logname_write(struct bytes *into, const struct logname *n);
bool logname_same(const struct logname *a, const struct logname *b);
void logname_free(struct logname *n);
/* Appends the members "build", "job" and "attempt" (the last not when it is 0) to a JSON object. */
void logname_emit(struct bytes *into, const struct logname *n);
/* The same to one that it opens. */
void logname_open(struct bytes *into, const struct logname *n);

#endif
