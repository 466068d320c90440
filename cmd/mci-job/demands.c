#include "demands.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runners.h"
#include "limits.h"
#include "variables.h"

static void
say_once(void *arg, const struct spec_row *row)
{
	static bool said[SPEC_NKEYS];
	size_t key = (size_t)(row - spec_rows);

	(void)arg;
	/* mci-build has said it of a whole build */
	if (said[key] || (row->service == SPEC_IN_PLACE && getenv("MCI_BUILD_ID") != NULL))
		return;
	said[key] = true;
	fprintf(stderr, "mci-job: %s: %s\n", row->key.p, row->note);
}

int
demands_check(const struct settings *settings, const struct environment *v, const struct spec *s,
    struct error *e)
{
	if (runners_demands(s, settings->runner, say_once, NULL, e) < 0 || limits_check(settings, s, e) < 0)
		return -1;
	if (s->script == NULL && s->argv == NULL &&
	    strcmp(runners_choose(s, settings->runner), runners[RUNNERS_HOST].name) == 0)
		return error_set(e, ERROR_INPUT,
		    "image: what it runs without a script is known to podman alone, "
		    "not to --runner host");
	for (size_t i = 0; i < s->nparams; i++) {
		if (variables_value(v, s, s->params[i].name) == NULL)
			return error_set(e, ERROR_INPUT, "params[%zu]: %s has no value", i,
			    spec_param_from(&s->params[i]));
	}
	return 0;
}
