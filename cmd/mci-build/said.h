/*
 * said: what a script says that is no job: which params it takes (script/params), and that it wants time
 * (script/busy).
 */
#ifndef MCI_BUILD_SAID_H
#define MCI_BUILD_SAID_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "declared.h"
#include "error.h"
#include "outcome.h"
#include "params.h"
#include "posted.h"

struct said {
	/* the caller's */
	struct outcome *outcome;
	const struct posted *posted;
	struct declared *declared; /* the params that the definition takes, */
	struct params *params;     /* and those that there are */
	bool plan;                 /* nothing is posted, and no param is needed */
	bool declares;             /* it is only asked what it takes */
	/* the room's */
	int64_t busy_until;        /* it has asked for time until then */
};

/* Takes a line that is no job; spec is what is wrong with it as one, came whether a job has come. 0 or -1. */
int said_take(struct said *s, struct span line, bool came, const struct error *spec, struct error *e);
/* Holds the params against those that are declared. What is wrong then is wrong with the command line, and
 * the build is broken so. */
void said_params_hold(struct said *s);

#endif
