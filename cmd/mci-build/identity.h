/* identity: which build this is, said wherever it says so: in its events, to its script and its jobs, and in
 * the names of its logs. */
#ifndef MCI_BUILD_IDENTITY_H
#define MCI_BUILD_IDENTITY_H

struct identity {
	const char *name;   /* "local/zlib/7"; borrowed */
	int run;            /* from 1: which time it is that this build runs */
	const char *source; /* where it came from: "local" */
};

/* A build that somebody starts here. */
#define IDENTITY_LOCAL(of) ((struct identity){ .name = (of), .run = 1, .source = "local" })

#endif
