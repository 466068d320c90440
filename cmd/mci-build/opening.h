/* opening: gets a build its folder: a new one, the one that an order names, or that of a build that goes
 * on; and reads what runs before have left. */
#ifndef MCI_BUILD_OPENING_H
#define MCI_BUILD_OPENING_H

#include "definition.h"
#include "loop.h"
#include "options.h"
#include "outcome.h"
#include "resume.h"
#include "workspace.h"

struct opening {
	const struct build_options *options;
	struct loop *loop;
	struct outcome *outcome;
	const struct definition *definition;
	struct workspace *workspace;
	struct resume *resume;
};

/* Waits in rounds of the loop for what is left of a run before. An order is held from now on: at its end
 * the build is let go (outcome). 0; -1 with an error, or when that happens. */
int opening_folder(const struct opening *o, struct error *e);
/* A clean checkout for it: that of a run before, which has made one as soon as it has said where, or a new
 * one. 0 or -1. */
int opening_checkout(const struct opening *o, struct error *e);

#endif
