/* builds: what is known of builds and their jobs, as JSON, for whoever reads. */
#ifndef MCI_STORE_BUILDS_H
#define MCI_STORE_BUILDS_H

#include "database.h"
#include "request.h"

/* The methods build/get, build/list, build/latest, job/get, job/list, artifact/get, artifact/list and
 * artifact/search. */
void builds_get(struct database *reader, struct request *r);
void builds_list(struct database *reader, struct request *r);
void builds_latest(struct database *reader, struct request *r);
void builds_job(struct database *reader, struct request *r);
void builds_jobs(struct database *reader, struct request *r);
void builds_artifact(struct database *reader, struct request *r);
void builds_artifacts(struct database *reader, struct request *r);
void builds_artifacts_search(struct database *reader, struct request *r);

#endif
