/* syntax: what can be said of a script without running it: its first line, and what its shell finds in it. */
#ifndef SYNTAX_H
#define SYNTAX_H

#include "definition.h"
#include "error.h"

/* Called for each problem; row 0 means the file as a whole. */
typedef void syntax_report(void *arg, unsigned row, const char *text);

/* How many problems were reported, or -1 when it could not be looked at. */
int syntax_check(const struct definition *d, syntax_report *report, void *arg, struct error *e);

#endif
