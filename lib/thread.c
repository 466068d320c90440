#include "thread.h"

#include <signal.h>

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
