/* facts: what `when` asks about and jobs find in MCI_EVENT, MCI_BRANCH and the like: branch, tags, event,
 * changed files; of what is built, which a clean checkout has from elsewhere than the work tree. Each is
 * asked of git once, and changed files only when some job's condition needs them. */
#ifndef MCI_BUILD_FACTS_H
#define MCI_BUILD_FACTS_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "option.h"
#include "when.h"

/* What somebody says instead of asking: NULL and empty where nothing is said. */
struct facts_given {
	const char *event, *branch, *target, *commit;
	struct option_list tags, changed;
	bool whole; /* what is not said is not there: of the commit git is not asked */
};

/* What is built: rev, else what is staged, else the folder as it is. */
struct facts_source {
	const char *project; /* the folder, in a work tree or a bare repository */
	const char *rev;     /* NULL: no revision */
	bool staged;
	const char *since;   /* what changed files are compared with; NULL: nothing */
	struct facts_given given;
};

struct facts {
	bool known, head_known; /* all of them; those of the commit */
	struct when_facts when;
	char *branch, *commit;
	struct bytes tags, paths; /* the texts, each behind a NUL or newline that ends it */
};

/*
 * Fills in what is not known yet. A folder outside of git has no branch and no tag; a git that fails where
 * there is one is an error, as conditions would be wrong without a word.
 */
int facts_ask(struct facts *f, const struct facts_source *of, struct error *e);
/*
 * Puts what is known of the commit into our own environment, where all that we start finds it: MCI_EVENT,
 * MCI_BRANCH, MCI_TAG (the first of several), MCI_COMMIT, MCI_TARGET and MCI_REPO; repo may be NULL. What
 * there is not is not set: a git that fails says so when a condition asks.
 */
void facts_export(struct facts *f, const struct facts_source *of, const char *repo);
/* Whether anything is said. */
bool facts_are_given(const struct facts_given *given);
void facts_free(struct facts *f);

#endif
