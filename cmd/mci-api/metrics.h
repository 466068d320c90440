/*
 * metrics: figures for Prometheus, in the text of OpenMetrics 1.0: of the builds, the queue,
 * agents, hub and logs, as their services say, and of the requests that were answered here. And
 * whether it is well, for who watches it.
 */
#ifndef MCI_API_METRICS_H
#define MCI_API_METRICS_H

#include "ask.h"

/* Functions of rows. */
void metrics_write(struct ask *a);
void metrics_health(struct ask *a);
void metrics_ready(struct ask *a);
extern const struct contract_field metrics_health_answer[1], metrics_ready_answer[3];

#endif
