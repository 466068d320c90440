#include "demands.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "variables.h"

static const char *const runners[] = { "host" };

enum service {
	NEVER,      /* no part of mci serves it yet */
	HOST_NOTES, /* --runner host runs the job all the same, and says so */
	IN_PLACE,   /* means nothing where the sources are the user's own */
};

static const struct demand {
	enum spec_key key;
	enum service service;
	const char *note; /* behind the key's name */
} demands[] = {
	{ SPEC_IMAGE, HOST_NOTES, "no container is used" },
	{ SPEC_SIZE, HOST_NOTES, "the machine is as large as it is" },
	{ SPEC_ARCH, HOST_NOTES, "the machine is what it is" },
	{ SPEC_MEMORY, HOST_NOTES, "memory is not limited" },
	{ SPEC_CPUS, HOST_NOTES, "processors are not limited" },
	{ SPEC_EXPOSE, NEVER, NULL },
	{ SPEC_CACHES, IN_PLACE, "left alone, the build runs in place" },
	{ SPEC_SAVE_ARTIFACTS, IN_PLACE, "left alone, the build runs in place" },
	{ SPEC_RESTORE_ARTIFACTS, IN_PLACE, "left alone, the build runs in place" },
};
#define NDEMANDS (sizeof(demands) / sizeof(demands[0]))

static void
say_once(const struct demand *d)
{
	static bool said[NDEMANDS];
	size_t row = (size_t)(d - demands);

	/* mci-build has said it of a whole build */
	if (said[row] || (d->service == IN_PLACE && getenv("MCI_BUILD_ID") != NULL))
		return;
	said[row] = true;
	fprintf(stderr, "mci-job: %s: %s\n", spec_key_name(d->key), d->note);
}

static int
demand_check(const struct demand *d, bool host, struct error *e)
{
	if (d->service == NEVER)
		return error_set(e, ERROR_INPUT, "%s: no part of mci serves it yet", spec_key_name(d->key));
	if (d->service == HOST_NOTES && !host)
		return error_set(e, ERROR_INPUT,
		    "%s: no runner serves it yet; --runner host runs the job without it",
		    spec_key_name(d->key));
	say_once(d);
	return 0;
}

int
demands_check_runner(const char *runner, struct error *e)
{
	for (size_t i = 0; i < sizeof(runners) / sizeof(runners[0]); i++) {
		if (runner == NULL || strcmp(runner, runners[i]) == 0)
			return 0;
	}
	return error_set(e, ERROR_INPUT, "runner: there is no '%.64s'; the only one is host", runner);
}

int
demands_check(const struct settings *settings, const struct environment *v, const struct spec *s,
    struct error *e)
{
	/* a runner on the command line is the user's word against the spec's */
	if (settings->runner == NULL && demands_check_runner(s->runner, e) < 0)
		return -1;
	for (size_t i = 0; i < NDEMANDS; i++) {
		if (spec_has(s, demands[i].key) && demand_check(&demands[i], settings->runner != NULL, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->nparams; i++) {
		if (variables_value(v, s, s->params[i]) == NULL)
			return error_set(e, ERROR_INPUT, "params[%zu]: %s has no value", i, s->params[i]);
	}
	return 0;
}
