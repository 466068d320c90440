/*
 * specplace: what a spec says of files that outlive its job: the lists save-artifacts, restore-artifacts and
 * caches, of objects whose keys stand in one table. What becomes of them is mci-build's.
 */
#ifndef MCI_SPECPLACE_H
#define MCI_SPECPLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "specvalue.h"

struct spec_place {
	char *id;          /* [A-Za-z0-9][A-Za-z0-9._+-]*, at most 128 bytes */
	char **paths;      /* relative to where the job works, or globs to be saved; NULL: as saved */
	size_t npaths;
	char **exclude;    /* globs below them */
	size_t nexclude;
	char *key;         /* of a cache, with {{ templates }}; NULL: its id */
	char **fallback;   /* beginnings of keys, with templates, in whose place the newest is taken */
	size_t nfallback;
	char *job;         /* whose artifact; NULL: of the one before this job that saves it */
	bool always;       /* saved whatever became of the job */
	bool optional;     /* nothing when there is no such artifact */
};

extern const struct value_type value_type_saves;    /* struct spec_place * */
extern const struct value_type value_type_restores; /* the same */
extern const struct value_type value_type_caches;   /* the same */

/* Copies of a list, and its end. */
struct spec_place *spec_places_copy(const struct spec_place *list, size_t n);
void spec_places_free(struct spec_place *list, size_t n);

#endif
