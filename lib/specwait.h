/*
 * specwait: what a spec's depends-on says: an id, or an object {"id", "same", "optional"}, or a list of both.
 * What it means among the jobs there are is the graph's (mci-build).
 */
#ifndef MCI_SPECWAIT_H
#define MCI_SPECWAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "specvalue.h"

struct spec_wait {
	char *id;      /* or a glob of ids */
	char **same;   /* of its matrix those with the values that the job has of these names; or NULL */
	size_t nsame;
	bool optional; /* nothing when there is no such job */
	bool glob;     /* set by who knows what an id is */
};

extern const struct value_type value_type_waits; /* struct spec_wait * */

/* Whether it is the short form: one id, which has to be there. */
bool spec_wait_plain(const struct spec_wait *w);
/* Puts n plain ids, which it copies, in place of a list. */
void spec_waits_replace(struct spec_wait **list, size_t *n, const char *const *ids, size_t nids);

#endif
