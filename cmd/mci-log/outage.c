#include "outage.h"

#include <stdio.h>

void
outage_told(struct outage *o, const struct error *why)
{
	if (!o->quiet && why != NULL && !o->lasts)
		fprintf(stderr, "mci-log: %s: lost (%s); trying again\n", o->address, why->text);
	if (!o->quiet && why == NULL && o->lasts)
		fprintf(stderr, "mci-log: %s: there again\n", o->address);
	o->lasts = why != NULL;
}

static void
told(void *arg, const struct error *why)
{
	outage_told(arg, why);
}

const struct client_events outage_events = { .outage = told };
