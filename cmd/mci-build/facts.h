/* facts: what `when` asks about: branch, tags, event, changed files; of what is built, which a clean checkout
 * has from elsewhere than the work tree. Asked of git only when some job's condition needs it, and then
 * once. */
#ifndef MCI_BUILD_FACTS_H
#define MCI_BUILD_FACTS_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "when.h"

/* What is built: rev, else what is staged, else the folder as it is. */
struct facts_source {
	const char *project; /* the folder, in a work tree or a bare repository */
	const char *rev;     /* NULL: no revision */
	bool staged;
	const char *since;   /* what changed files are compared with; NULL: nothing */
};

struct facts {
	bool known;
	struct when_facts when;
	char *branch;
	struct bytes tags, paths; /* the texts, each behind a NUL or newline that ends it */
};

/*
 * Fills in what is not known yet. A folder outside of git has no branch and no tag; a git that fails where
 * there is one is an error, as conditions would be wrong without a word.
 */
int facts_ask(struct facts *f, const struct facts_source *of, struct error *e);
void facts_free(struct facts *f);

#endif
