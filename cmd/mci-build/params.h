/* params: the values that a build was given: -p K=V, --param-file FILE. The command line wins. */
#ifndef MCI_BUILD_PARAMS_H
#define MCI_BUILD_PARAMS_H

#include <stddef.h>

#include "error.h"
#include "option.h"
#include "spec.h"

struct secrets;

struct params {
	struct spec_pair *pairs;
	size_t n;
};

/* Reads "K=V" texts, and a file of K=V lines ('#' begins a comment line) when file is not NULL. */
int params_load(struct params *p, const struct option_list *given, const char *file, struct error *e);
/* The value or NULL; borrowed. */
const char *params_find(const struct params *p, const char *name);
/* Puts the params that a spec names into its environment, in front of what it sets itself; not those that
 * are secrets. */
int params_apply(const struct params *p, const struct secrets *secrets, struct spec *s,
    struct error *e);
void params_free(struct params *p);

#endif
