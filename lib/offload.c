#include "offload.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "thread.h"

struct jobs {
	struct offload_job *first, **last;
};

struct offload {
	struct loop *loop;
	pthread_t thread;
	int told; /* eventfd(2): something is done */
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t given; /* or to stop */
	struct jobs todo, done;
	bool stop;
};

static void
jobs_clear(struct jobs *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void
jobs_add(struct jobs *q, struct offload_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

/* All that was given, the oldest first; NULL: none, and none will come. */
static struct offload_job *
take(struct offload *o)
{
	struct offload_job *all;

	pthread_mutex_lock(&o->lock);
	while (o->todo.first == NULL && !o->stop)
		pthread_cond_wait(&o->given, &o->lock);
	all = o->todo.first;
	jobs_clear(&o->todo);
	pthread_mutex_unlock(&o->lock);
	return all;
}

static void
report(struct offload *o, struct offload_job *job)
{
	uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&o->lock);
	first = o->done.first == NULL;
	jobs_add(&o->done, job);
	pthread_mutex_unlock(&o->lock);
	if (first)
		kernel_write_all(o->told, &one, sizeof(one));
}

static void *
work(void *arg)
{
	struct offload *o = arg;
	struct offload_job *job, *next;

	while ((job = take(o)) != NULL) {
		for (; job != NULL; job = next) {
			bool waited = job->done != NULL;

			next = job->next;
			job->work(job->arg);
			if (waited)
				report(o, job);
		}
	}
	return NULL;
}

static void
tell(void *arg, uint32_t events)
{
	struct offload *o = arg;
	struct offload_job *job, *next;
	uint64_t count;

	(void)events;
	if (kernel.read(o->told, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&o->lock);
	job = o->done.first;
	jobs_clear(&o->done);
	pthread_mutex_unlock(&o->lock);
	for (; job != NULL; job = next) {
		next = job->next;
		job->done(job->arg);
	}
}

static void
drop(struct offload *o)
{
	if (o->told >= 0)
		close(o->told);
	pthread_cond_destroy(&o->given);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

struct offload *
offload_new(struct loop *loop, struct error *e)
{
	struct offload *o = xmalloc(sizeof(*o));

	*o = (struct offload){ .loop = loop, .told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->given, NULL);
	jobs_clear(&o->todo);
	jobs_clear(&o->done);
	if (o->told < 0) {
		error_sys(e, "eventfd");
	} else if (loop_watch(loop, o->told, EPOLLIN, tell, o, e) == 0) {
		errno = thread_start(&o->thread, work, o);
		if (errno == 0)
			return o;
		error_sys(e, "start the thread that syncs files");
		loop_forget(loop, o->told);
	}
	drop(o);
	return NULL;
}

void
offload_give(struct offload *o, struct offload_job *job)
{
	pthread_mutex_lock(&o->lock);
	jobs_add(&o->todo, job);
	pthread_mutex_unlock(&o->lock);
	pthread_cond_signal(&o->given);
}

void
offload_free(struct offload *o)
{
	if (o == NULL)
		return;
	loop_forget(o->loop, o->told);
	pthread_mutex_lock(&o->lock);
	o->stop = true;
	pthread_mutex_unlock(&o->lock);
	pthread_cond_signal(&o->given);
	pthread_join(o->thread, NULL);
	drop(o);
}
