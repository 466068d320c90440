/* queue: jobs one behind the other, as a list through job.next: a job is in one at most. */
#ifndef MCI_BUILD_QUEUE_H
#define MCI_BUILD_QUEUE_H

#include <stdint.h>

#include "graph.h"

struct queue {
	uint32_t first, last, n;
};

void queue_add(struct queue *q, struct graph *g, uint32_t job);
/* The first, of one that is not empty. */
uint32_t queue_take(struct queue *q, const struct graph *g);

#endif
