/*
 * mirror: a repository's objects as this agent has them, one bare repository for each, so that a
 * second checkout moves only what is new. Blocks; whoever comes second waits for the first.
 */
#ifndef MCI_AGENT_MIRROR_H
#define MCI_AGENT_MIRROR_H

#include "error.h"

/* What is to be there. Object names are 40 or 64 hexadecimal digits. */
struct mirror_wish {
	const char *url;
	const char *ref;  /* "refs/heads/x"; "" for what the repository calls HEAD */
	const char *rev;  /* the commit; "" for the one that ref is at */
	const char *base; /* what was there before, for `when: path`; "" for none */
};

/*
 * Brings the mirror at path up to date, and makes it if it is not there. *rev is the commit, *base
 * is NULL when it cannot be had; the caller frees. 0, or -1 with an error that names what is
 * missing.
 */
int mirror_update(const char *path, const struct mirror_wish *w, char **rev, char **base,
    struct error *e);

#endif
