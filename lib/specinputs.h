/*
 * specinputs: what a job is made from: files, variables and params. A list of paths, or an object with paths,
 * exclude, env and params.
 */
#ifndef MCI_SPECINPUTS_H
#define MCI_SPECINPUTS_H

#include <stddef.h>

#include "specvalue.h"

struct spec_inputs {
	char **paths;   /* paths and globs, relative to what is built */
	size_t npaths;
	char **exclude; /* globs below them */
	size_t nexclude;
	char **env;     /* names of variables that the job has from outside */
	size_t nenv;
	char **params;  /* names of params that it asks for */
	size_t nparams;
};

extern const struct value_type value_type_inputs; /* struct spec_inputs * */

struct spec_inputs *spec_inputs_copy(const struct spec_inputs *s);
/* NULL is allowed. */
void spec_inputs_free(struct spec_inputs *s);

#endif
