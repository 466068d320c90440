/*
 * filecalls: what jobs ask of the store of large files through their build: artifacts of this build and
 * caches of its repository, to and from where they work. A process of mci-blob each; the answer comes when it
 * has ended.
 */
#ifndef MCI_BUILD_FILECALLS_H
#define MCI_BUILD_FILECALLS_H

#include "filestep.h"
#include "journal.h"
#include "mask.h"
#include "request.h"

struct filecall;

struct filecalls {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	const struct filestep_site *at;
	/* the room's */
	struct filecall *calls;
	char *workspace; /* what workspace/save came to: a JSON object; NULL: it was not called */
};

/* Methods of the build's API; j is the job that asks, or NULL: nobody knows. Each answers r, now or later. */
void filecalls_artifact_save(struct filecalls *f, struct job *j, struct request *r);
void filecalls_artifact_restore(struct filecalls *f, struct job *j, struct request *r);
void filecalls_artifact_get(struct filecalls *f, struct request *r);
void filecalls_artifact_list(struct filecalls *f, struct request *r);
void filecalls_cache_save(struct filecalls *f, struct job *j, struct request *r);
void filecalls_cache_restore(struct filecalls *f, struct job *j, struct request *r);
void filecalls_cache_list(struct filecalls *f, struct request *r);
void filecalls_workspace_save(struct filecalls *f, struct job *j, struct request *r);
void filecalls_workspace_restore(struct filecalls *f, struct job *j, struct request *r);
void filecalls_close(struct filecalls *f);

#endif
