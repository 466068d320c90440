/*
 * secrets: the values that came by mask/add with a name: a job finds those that its spec has in params as
 * variables, and no other job does.
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
/* Puts those that the spec has in params into its env, where it does not set them itself. */
void secrets_apply(const struct secrets *s, struct spec *spec);
void secrets_free(struct secrets *s);

#endif
