/*
 * secrets: the values that came by mask/add with a name: a job finds those that its spec names as
 * variables or in files, and no other job does.
 */
#ifndef JOB_SECRETS_H
#define JOB_SECRETS_H

#include "error.h"
#include "spec.h"

struct secrets {
	struct spec_pair *pairs;
	size_t n;
};

/* Keeps a value, in place of an older one of that name. 0, or -1: not a name, or too many. */
int secrets_set(struct secrets *s, const char *name, const char *value, struct error *e);
/* Gives the spec those that it names, in params or secrets: in its env, where it does not set them
 * itself, or as files that only we may read in folder, which is made for them. 0 or -1. */
int secrets_apply(const struct secrets *s, struct spec *spec, const char *folder, struct error *e);
/* Whether the spec wants any as a file. */
bool secrets_files(const struct spec *spec);
void secrets_free(struct secrets *s);

#endif
