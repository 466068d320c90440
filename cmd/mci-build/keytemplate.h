/*
 * keytemplate: the key of a cache as it is written, "deps-{{ hash lock.json }}-{{ branch }}", and what it
 * comes to for one job. The text of files is not read here: who asks has their digests.
 */
#ifndef MCI_BUILD_KEYTEMPLATE_H
#define MCI_BUILD_KEYTEMPLATE_H

#include "bytes.h"
#include "error.h"
#include "specvalue.h"

struct keytemplate_facts {
	const char *job;          /* its id */
	const struct spec_pair *hashes; /* digests by the words behind "hash" */
	size_t nhashes;
};

/* Whether a key is well formed: 0, or -1 with an error that names what is wrong in it. */
int keytemplate_check(const char *text, struct error *e);
/*
 * Appends what it comes to; what stands for nothing (no branch, no tag) is "-". NULL, or the words behind a
 * "hash" whose digest is not there yet: the caller frees them, finds it out, and begins anew.
 */
char *keytemplate_expand(struct bytes *into, const char *text, const struct keytemplate_facts *f);

#endif
