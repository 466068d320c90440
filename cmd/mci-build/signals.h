/* signals: what reaches a build from its terminal: the end, ^Z, and children of others that become ours. */
#ifndef MCI_BUILD_SIGNALS_H
#define MCI_BUILD_SIGNALS_H

#include <stdbool.h>

#include "loop.h"
#include "outcome.h"
#include "progress.h"
#include "publish.h"
#include "runner.h"

struct signals {
	/* the caller's */
	struct loop *loop;
	struct outcome *outcome;
	struct runner *runner;
	struct progress *progress;
	struct publish *publish;
	bool ordered; /* by an agent: its lifeline says when the build is over */
	bool *over;   /* nobody that reads the build is waited for any more */
};

/* From here on they are ours, and not the kernel's. 0 or -1. */
int signals_take(struct signals *s, struct error *e);

#endif
