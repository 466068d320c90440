#include "thread.h"

#include <signal.h>
#include <stdlib.h>

#include "memory.h"

struct ending {
	void (*drop)(void *arg);
	void *arg;
	struct ending *before;
};

static pthread_key_t endings;

int
thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, was;
	int sys;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	sys = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return sys;
}

static void
ended(void *last)
{
	struct ending *x = last;

	while (x != NULL) {
		struct ending *before = x->before;

		x->drop(x->arg);
		free(x);
		x = before;
	}
}

static void
make_key(void)
{
	pthread_key_create(&endings, ended);
}

void
thread_on_end(void (*drop)(void *arg), void *arg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ending *x = xmalloc(sizeof(*x));

	pthread_once(&once, make_key);
	*x = (struct ending){ drop, arg, pthread_getspecific(endings) };
	pthread_setspecific(endings, x);
}
