/* inputs: what a build is given: its definition, which of its jobs are asked for, params and secrets; by
 * the command line or by an order. */
#ifndef MCI_BUILD_INPUTS_H
#define MCI_BUILD_INPUTS_H

#include "definition.h"
#include "facts.h"
#include "mask.h"
#include "options.h"
#include "outcome.h"
#include "params.h"
#include "selection.h"

struct inputs {
	struct definition definition; /* project is there in any case when the build was ordered */
	struct selection selection;
	struct params params;
};

/* 0, or the exit status: the outcome knows why. */
int inputs_open(struct inputs *in, const struct build_options *o, struct mask *mask, struct outcome *outcome);
/* What conditions are asked of. */
struct facts_source inputs_source(const struct inputs *in, const struct build_options *o);
/* Says of each param that somebody typed and that had no effect that it had none: whoever writes
 * CC=clang may mean a variable, as make makes one of it. Once all that could have asked for it is over. */
void inputs_note(const struct inputs *in, const struct outcome *outcome);
void inputs_free(struct inputs *in);

#endif
