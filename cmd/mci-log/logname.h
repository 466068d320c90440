/*
 * logname: which log is meant: in a run of a build, of one attempt of a job, or what the build's script
 * wrote; and where it stands below the folder of all logs, DIR/ORG/REPO/N as in the state folder of local
 * builds: logs/JOB.log and .idx, of a later attempt JOB@2.log; script.log and .idx beside logs; of a later
 * run of the build logs@2/JOB.log and script@2.log.
 */
#ifndef MCI_LOG_LOGNAME_H
#define MCI_LOG_LOGNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

struct logname {
	char *build; /* "ORG/REPO/N": nothing in it leads out of the folder of builds */
	int run;     /* from 1; 0: the newest one */
	char *job;   /* NULL: the script's log */
	int attempt; /* from 1; 0: the last one */
};

/* Copies are made. 0, or -1 with what is wrong with it. */
int logname_set(struct logname *n, const char *build, int64_t run, const char *job, int64_t attempt,
    struct error *e);
void logname_copy(struct logname *into, const struct logname *n);
/* Reads "ORG/REPO/N", "ORG/REPO/N/JOB" and "ORG/REPO/N/JOB@ATTEMPT", each also with "N@RUN". */
int logname_parse(struct logname *n, const char *text, struct error *e);
/* Appends it in that form; the first run and the first attempt without a number. */
void logname_write(struct bytes *into, const struct logname *n);
bool logname_same(const struct logname *a, const struct logname *b);
void logname_free(struct logname *n);
/* Appends the members "build", "run", "job" and "attempt" to a JSON object; no number that is 0. */
void logname_emit(struct bytes *into, const struct logname *n);
/* The same to one that it opens. */
void logname_open(struct bytes *into, const struct logname *n);

/* "ORG/REPO/N/logs@2/JOB@2", the stem of its files' names; the run and the attempt are known. Caller
 * frees. */
char *logname_stem(const struct logname *n);
/* The folder in which it stands, "ORG/REPO/N/logs@2", "ORG/REPO/N" of a script's log. Caller frees. */
char *logname_folder(const struct logname *n);

#endif
