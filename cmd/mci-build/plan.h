/* plan: --plan: the specs of a build, checked and selected, printed and not run. */
#ifndef MCI_BUILD_PLAN_H
#define MCI_BUILD_PLAN_H

#include "build.h"

/* Reads all specs and prints them, one a line, in the order they came; an exit status. */
int plan_run(struct build *b);

#endif
