/*
 * secrets: params whose values nobody is to see: --secret NAME, --secret-file [NAME=]FILE. mci-job is told
 * them with mask/add and gives them to the jobs that have their names in params; no spec, plan, event or
 * argument holds a value.
 */
#ifndef MCI_BUILD_SECRETS_H
#define MCI_BUILD_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "mask.h"
#include "option.h"
#include "params.h"
#include "spec.h"

struct secrets {
	struct spec_pair *pairs;
	size_t n;
};

/* What the command line says, of which each part may be empty. */
struct secrets_given {
	struct option_list names; /* of variables, which are wiped out of our environment */
	struct option_list files;
	struct option_list env;   /* -e: what all jobs get, so no secret may be among it */
};

/* Reads all of them and adds them to the mask. 0, or -1 with an error that tells no value: one that cannot
 * be masked is refused. */
int secrets_load(struct secrets *s, const struct secrets_given *given, const struct params *params,
    struct mask *mask, struct error *e);
bool secrets_have(const struct secrets *s, const char *name);
void secrets_free(struct secrets *s);

#endif
