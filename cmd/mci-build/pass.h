/* pass: all jobs of a definition through filters at once, for those who do nothing else meanwhile. */
#ifndef MCI_BUILD_PASS_H
#define MCI_BUILD_PASS_H

#include "document.h"
#include "error.h"
#include "option.h"

/*
 * Gives the filters, started in dir as for --plan, the lines of from; line is called for each that comes out
 * and failed when one fails. Blocks until they have ended. 0, or -1 when they could not be started.
 */
int pass_lines(const struct document *from, const struct option_list *commands, const char *dir,
    int (*line)(void *arg, struct span line, struct error *e),
    void (*failed)(void *arg, const struct error *why), void *arg, struct error *e);

#endif
