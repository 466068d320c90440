/*
 * order: what an agent has claimed, told on a pipe: which build this is, what to build, its params and
 * secrets, and where the services are; one JSON document in one line (mci-protocol(7), ORDERS). Nothing
 * of it stands in an argument, a variable or a file. The pipe stays open: its end is that of the agent's
 * hold on the build.
 */
#ifndef MCI_BUILD_ORDER_H
#define MCI_BUILD_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"
#include "specvalue.h"

struct order {
	int fd;              /* the lifeline */
	/* Texts that were not given are "". */
	char *build;         /* ORG/REPO/N */
	char *repo, *rev, *base, *event, *branch, *tag, *target, *trust;
	char *specs;         /* jobs, in place of a definition in dir */
	char *dir, *folder;  /* what is built, and where the build keeps its events; absolute */
	char *events, *log, *blob, *store, *runner; /* addresses, and where jobs run */
	char *resume;        /* how the run before goes on: "workspace", or "fresh" */
	int64_t run, jobs;   /* jobs 0: nothing was said */
	struct {
		char *of, *from; /* "": no build, no job */
		bool failed, no_cache;
	} rerun;
	struct spec_pair *params, *secrets;
	size_t nparams, nsecrets;
	struct loop *loop;   /* of order_hold */
	void (*ended)(void *arg);
	void *arg;
};

/*
 * Reads it from an address fd:N, a pipe or socket, waiting for its line; and takes the services that this
 * process would find in its environment out of there, as they are not for jobs. 0, or -1 with an error that
 * names the member.
 */
int order_read(struct order *o, const char *address, struct error *e);
/* The document alone; what it took before an error is in there as well. 0 or -1. */
int order_parse(struct order *o, struct span line, struct error *e);
/* Whether the workspace is the one that the run before had; for run 1 nothing is before. */
bool order_resumes(const struct order *o);
/* Calls ended once the other end of the pipe is closed. 0 or -1. */
int order_hold(struct order *o, struct loop *loop, void (*ended)(void *arg), void *arg, struct error *e);
/* NULL is allowed. Secrets are wiped. */
void order_free(struct order *o);

#endif
