/*
 * layout: where a log stands below the folder of all logs, DIR/ORG/REPO/N as in the state folder of local
 * builds: logs/JOB.log and .idx, of a later attempt JOB@2.log; script.log and .idx beside logs; of a later
 * run of the build logs@2/JOB.log and script@2.log.
 */
#ifndef MCI_LOG_LAYOUT_H
#define MCI_LOG_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "logname.h"

/* "ORG/REPO/N/logs@2/JOB.idx"; the run and the attempt are known. Caller frees. */
char *layout_file(const struct logname *n, const char *suffix);
/* The folder of the logs of a run's jobs, "ORG/REPO/N/logs@2". Caller frees. */
char *layout_logs(const char *build, int run);
/* The folder in which it stands, "ORG/REPO/N/logs@2", "ORG/REPO/N" of a script's log. Caller frees. */
char *layout_folder(const struct logname *n);
/* The runs that have logs in the build's folders (-1: none), ascending; with empty also those whose folder of
 * logs is all that is left. Caller frees. */
int *layout_runs(int folder, int archive, bool empty, size_t *n);

#endif
