/* finally: the time that the entries of finally get, once the script is over. */
#ifndef JOB_FINALLY_H
#define JOB_FINALLY_H

#include "loop.h"
#include "site.h"

/* Nothing of the script is left: finally gets what its timeout has left, and at least GRACE; no more than
 * that when it was ended. over is called at the end of that time. */
void finally_begin(struct attempt *a, loop_due *over);
/* Somebody wants the end of it: GRACE is left, unless it is less already. */
void finally_hurry(struct attempt *a, loop_due *over);

#endif
