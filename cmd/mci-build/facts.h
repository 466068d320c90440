/* facts: what `when` asks about: branch, tag, event, changed files. Asked of git only when some job's
 * condition needs it, and then once. */
#ifndef MCI_BUILD_FACTS_H
#define MCI_BUILD_FACTS_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "when.h"

struct facts {
	bool known;
	struct when_facts when;
	char *branch, *tag;
	struct bytes text; /* holds the paths */
};

/* Fills in what is not known yet. A folder without git has no branch and no tag. -1 only when since is
 * no revision. */
int facts_ask(struct facts *f, const char *dir, const char *since, struct error *e);
void facts_free(struct facts *f);

#endif
