/* output: what an attempt's processes print, on its way into the log, to the terminal or through. */
#ifndef JOB_OUTPUT_H
#define JOB_OUTPUT_H

#include "site.h"

/* For launch_open. Where the log can take no more, the attempt's log_failed is called, with its error set. */
extern loop_ready *const output_ready[2];

/* What was printed until now is in the log, as far as pipes keep an order. */
void output_catch_up(struct attempt *a);

#endif
