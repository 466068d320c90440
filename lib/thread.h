/* thread: a further thread of this process. Signals are the main thread's: no other takes one. */
#ifndef MCI_THREAD_H
#define MCI_THREAD_H

#include <pthread.h>

/* Starts it with all signals blocked; 0, or an error number. pthread_join ends it. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
