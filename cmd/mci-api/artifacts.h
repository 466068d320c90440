/*
 * artifacts: functions of rows: what a job has left in the store of files: which files there are, one of
 * them, or all as an archive. None is ever shown as a part of this server's pages: they are somebody's
 * bytes.
 */
#ifndef MCI_API_ARTIFACTS_H
#define MCI_API_ARTIFACTS_H

#include "ask.h"

/* What path and query of all these rows name. */
extern const struct contract_method artifacts_takes;
extern const struct contract_field artifacts_files_answer[2];

/* By Accept: a page of them as JSON, or all as application/x-ndjson. */
void artifacts_files(struct ask *a);
/* The bytes of the one at path; ranges of them. */
void artifacts_file(struct ask *a);
void artifacts_tar(struct ask *a);
void artifacts_tar_zst(struct ask *a);
void artifacts_zip(struct ask *a);

#endif
