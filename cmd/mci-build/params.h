/*
 * params: the values that a build was given. A param is in -p NAME=VALUE or such an operand, or in
 * --param-file FILE; the command line wins, and of two the later one. A secret is a param that nobody is to
 * see (--secret NAME, --secret-file [NAME=]FILE): mci-job is told it with mask/add and gives it to the jobs
 * that have its name in params; no spec, plan, event or argument holds its value.
 */
#ifndef MCI_BUILD_PARAMS_H
#define MCI_BUILD_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "mask.h"
#include "option.h"
#include "spec.h"

struct param {
	char *name, *value;
	bool secret;
	bool typed; /* on the command line, and no secret: whoever typed it means it to be used */
	bool used;  /* a job names it, or somebody asked for it */
	bool offered; /* to every build, by who ordered this one: a definition need not take it */
};

struct params {
	struct param *list;
	size_t n;
};

/* What the command line says, of which each part may be empty. */
struct params_given {
	const struct option_list *params;
	const char *file; /* of such lines ('#' begins a comment line), or NULL */
	const struct option_list *secrets; /* names of variables, which are wiped out of our environment */
	const struct option_list *secret_files;
	const struct option_list *env;     /* -e: what all jobs get, so no secret may be among it */
};

/* Reads all of them and adds the secrets to the mask. 0, or -1 with an error that tells no secret: one that
 * cannot be masked is refused. */
int params_load(struct params *p, const struct params_given *given, struct mask *mask, struct error *e);
/* Takes these in as well, of which nobody typed any; pairs are the caller's. As params_load. */
int params_add(struct params *p, const struct spec_pair *params, size_t n, struct error *e);
int params_add_secrets(struct params *p, const struct spec_pair *secrets, size_t n,
    const struct option_list *env, struct mask *mask, struct error *e);
/* The value that somebody asked for, who uses it so; NULL: there is none, or it is a secret. Borrowed. */
const char *params_use(struct params *p, const char *name);
/* That of a secret, for a job that has named it; borrowed. */
const char *params_secret_value(const struct params *p, const char *name);
bool params_secret(const struct params *p, const char *name);
/* Whether it was given, secret or not. */
bool params_has(const struct params *p, const char *name);
/* Gives one a value that nobody typed. */
void params_default(struct params *p, const char *name, const char *value);
/* Those that a spec names count as used, whatever becomes of the job. */
void params_named(struct params *p, const struct spec *s);
/* Puts the params that a spec names into its environment, in front of what it sets itself; not those that
 * are secrets. */
int params_apply(const struct params *p, struct spec *s, struct error *e);
/* The first of the command line, behind the one at *after (NULL: from the first on), that nobody used; NULL
 * when there is none. */
const struct param *params_unused(const struct params *p, const struct param *after);
void params_free(struct params *p);

#endif
