#include "inputs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkout.h"
#include "memory.h"
#include "order.h"

/* Nothing was found. A revision may have a definition where the work tree has none, and a bare
 * repository has no other place for one: it is looked for in the checkout then. */
static int
definition_none(struct inputs *in, const struct build_options *o, const char *cwd, struct error *e)
{
	const char *first = o->select.n > 0 ? o->select.items[0] : NULL;
	struct error ignored;

	if (o->rev != NULL && !o->plan)
		in->definition.project = checkout_project(cwd, &ignored);
	if (in->definition.project != NULL)
		return 0;
	if (first == NULL || !definition_meant(first))
		return -1;
	return error_set(e, ERROR_NOT_FOUND,
	    "nothing to build: no .mci folder in %s or above it; for the file write ./%s", cwd, first);
}

static int
definition_get(struct inputs *in, const struct build_options *o, struct error *e)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0);

	if (cwd == NULL)
		return error_sys(e, "the current folder");
	if (definition_find(&in->definition, cwd, o->given, e) == 0)
		return 0;
	return e->code == ERROR_NOT_FOUND && o->given == NULL ? definition_none(in, o, cwd, e) : -1;
}

/* What the project's configuration says comes before what the order does; secrets come by the order
 * alone. */
static int
order_take(struct inputs *in, const struct build_options *o, struct mask *mask, struct error *e)
{
	static const struct option_list none = { 0 };
	const struct order *order = o->order;
	const struct params_given given = { .params = &o->params, .secrets = &none,
		.secret_files = &none, .env = &o->env };

	if (selection_open(&in->selection, o->select, o->skip, o->labels, o->no_deps, e) < 0 ||
	    params_load(&in->params, &given, mask, e) < 0 ||
	    params_add(&in->params, order->params, order->nparams, e) < 0)
		return -1;
	/* whoever handed them out: a stranger gets none */
	return params_add_secrets(&in->params, order->secrets, strcmp(order->trust, "stranger") == 0 ? 0 :
	    order->nsecrets, &o->env, mask, e);
}

static int
open_ordered(struct inputs *in, const struct build_options *o, struct mask *mask, struct outcome *outcome)
{
	struct error e;

	if (definition_of(&in->definition, o->order->dir, o->order->specs, &e) < 0)
		outcome->kind = "definition";
	else if (order_take(in, o, mask, &e) == 0)
		return 0;
	outcome_break(outcome, EXIT_BUILD_ERROR, &e);
	return EXIT_BUILD_ERROR;
}

int
inputs_open(struct inputs *in, const struct build_options *o, struct mask *mask, struct outcome *outcome)
{
	const struct params_given given = { &o->params, o->param_file, &o->secrets, &o->secret_files,
		&o->env };
	struct error e;
	int exit_status = EXIT_BUILD_ERROR;

	if (o->order != NULL)
		return open_ordered(in, o, mask, outcome);
	if (selection_open(&in->selection, o->select, o->skip, o->labels, o->no_deps, &e) < 0 ||
	    params_load(&in->params, &given, mask, &e) < 0)
		exit_status = EXIT_BUILD_USAGE;
	else if (definition_get(in, o, &e) == 0)
		return 0;
	outcome_break(outcome, exit_status, &e);
	return exit_status;
}

/* Of a push it is what that has changed, and not what jobs have made since. */
struct facts_source
inputs_source(const struct inputs *in, const struct build_options *o)
{
	const char *rev = o->order == NULL ? o->rev : o->order->rev[0] != '\0' ? o->order->rev : "HEAD";

	return (struct facts_source){ in->definition.project, rev, o->staged, o->since, o->facts };
}

void
inputs_note(const struct inputs *in, const struct outcome *outcome)
{
	for (const struct param *p = NULL; (p = params_unused(&in->params, p)) != NULL;)
		outcome_note(outcome, "param %s: no job names it in params and nobody asked for it; as a "
		    "variable all jobs get it by -e %s=VALUE", p->name, p->name);
}

void
inputs_free(struct inputs *in)
{
	definition_free(&in->definition);
	selection_close(&in->selection);
	params_free(&in->params);
}
