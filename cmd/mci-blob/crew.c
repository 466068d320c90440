#include "crew.h"

#include <pthread.h>
#include <string.h>
#include <sched.h>
#include <stdlib.h>

#include "memory.h"
#include "thread.h"

#define THREADS 8
/* Jobs for each thread that may be given and not taken. */
#define AHEAD 4

struct crew {
	const struct crew_type *type;
	void *arg;
	pthread_t threads[THREADS];
	size_t nthreads;
	pthread_mutex_t lock;
	pthread_cond_t more, done;
	struct crew_job *first, **last;        /* to be done */
	struct crew_job *oldest, **newest;     /* to be taken */
	size_t given;
	bool over;
};

static void *
run(void *arg)
{
	struct crew *c = arg;
	void *own = c->type->begin(c->arg);

	pthread_mutex_lock(&c->lock);
	for (;;) {
		struct crew_job *job = c->first;

		if (job == NULL && c->over)
			break;
		if (job == NULL) {
			pthread_cond_wait(&c->more, &c->lock);
			continue;
		}
		c->first = job->next;
		if (c->first == NULL)
			c->last = &c->first;
		pthread_mutex_unlock(&c->lock);
		c->type->work(own, job);
		pthread_mutex_lock(&c->lock);
		job->done = true;
		if (job == c->oldest)
			pthread_cond_signal(&c->done);
	}
	pthread_mutex_unlock(&c->lock);
	c->type->end(own);
	return NULL;
}

struct crew *
crew_new(const struct crew_type *type, void *arg, struct error *e)
{
	struct crew *c = xmalloc(sizeof(*c));
	cpu_set_t set;
	size_t wanted = 1;

	c->type = type;
	c->arg = arg;
	c->last = &c->first;
	c->newest = &c->oldest;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	pthread_cond_init(&c->done, NULL);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		wanted = (size_t)CPU_COUNT(&set);
	for (; c->nthreads < wanted && c->nthreads < THREADS; c->nthreads++) {
		int sys = thread_start(&c->threads[c->nthreads], run, c);

		if (sys != 0 && c->nthreads == 0) {
			error_set(e, ERROR_SYSTEM, "start a thread: %s", strerror(sys));
			crew_free(c);
			return NULL;
		}
		if (sys != 0)
			break;
	}
	return c;
}

void
crew_give(struct crew *c, struct crew_job *job)
{
	job->next = job->later = NULL;
	job->done = false;
	pthread_mutex_lock(&c->lock);
	*c->last = job;
	c->last = &job->next;
	*c->newest = job;
	c->newest = &job->later;
	c->given++;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
}

struct crew_job *
crew_take(struct crew *c, bool all)
{
	struct crew_job *job;

	pthread_mutex_lock(&c->lock);
	while (c->oldest != NULL && !c->oldest->done && (all || c->given >= AHEAD * c->nthreads))
		pthread_cond_wait(&c->done, &c->lock);
	job = c->oldest;
	if (job != NULL && !job->done)
		job = NULL;
	if (job != NULL) {
		c->oldest = job->later;
		if (c->oldest == NULL)
			c->newest = &c->oldest;
		c->given--;
	}
	pthread_mutex_unlock(&c->lock);
	return job;
}

void
crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->over = true;
	pthread_cond_broadcast(&c->more);
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < c->nthreads; i++)
		pthread_join(c->threads[i], NULL);
	pthread_cond_destroy(&c->more);
	pthread_cond_destroy(&c->done);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
