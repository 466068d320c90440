#include "queue.h"

void
queue_add(struct queue *q, struct graph *g, uint32_t job)
{
	g->jobs[job].next = NO_JOB;
	if (q->n++ == 0)
		q->first = job;
	else
		g->jobs[q->last].next = job;
	q->last = job;
}

uint32_t
queue_take(struct queue *q, const struct graph *g)
{
	uint32_t job = q->first;

	q->first = g->jobs[job].next;
	q->n--;
	return job;
}
