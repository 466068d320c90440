/*
 * params: the values that a build was given: -p NAME=VALUE or such an operand, --param-file FILE. The command
 * line wins, and of two the later one.
 */
#ifndef MCI_BUILD_PARAMS_H
#define MCI_BUILD_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "option.h"
#include "spec.h"

struct secrets;

struct param {
	char *name, *value;
	bool typed; /* on the command line: whoever did means it to be used */
	bool used;  /* a job names it, or somebody asked for it */
};

struct params {
	struct param *list;
	size_t n;
};

/* Reads "NAME=VALUE" texts, and a file of such lines ('#' begins a comment line) when file is not NULL. */
int params_load(struct params *p, const struct option_list *given, const char *file, struct error *e);
/* The value or NULL; borrowed. */
const char *params_find(const struct params *p, const char *name);
/* The same for somebody who asked: it counts as used. */
const char *params_use(struct params *p, const char *name);
/* Those that a spec names count as used, whatever becomes of the job. */
void params_named(struct params *p, const struct spec *s);
/* Puts the params that a spec names into its environment, in front of what it sets itself; not those that
 * are secrets. */
int params_apply(const struct params *p, const struct secrets *secrets, struct spec *s,
    struct error *e);
/* The first of the command line, behind the one at *after (NULL: from the first on), that nobody used; NULL
 * when there is none. */
const struct param *params_unused(const struct params *p, const struct param *after);
void params_free(struct params *p);

#endif
