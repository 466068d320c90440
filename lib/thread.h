/* thread: threads of this process, and what each keeps for itself (_Thread_local). Signals are the main
 * thread's: no other takes one. */
#ifndef MCI_THREAD_H
#define MCI_THREAD_H

#include <pthread.h>

/* Starts it with all signals blocked; 0, or an error number. pthread_join ends it. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);
/* Calls drop(arg) when the calling thread ends, the last one first: for buffers that it keeps. Not when the
 * process ends. */
void thread_on_end(void (*drop)(void *arg), void *arg);

#endif
