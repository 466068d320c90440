/*
 * loop: one epoll loop for one thread: descriptors, timers, signals. Callbacks are short; anything that
 * may block is a worker program or a descriptor. Timers are a heap whose next deadline goes to
 * kernel.wait, so a test's clock drives them.
 */
#ifndef MCI_LOOP_H
#define MCI_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "error.h"

struct loop;
struct loop_timer;
struct signalfd_siginfo;

/* events: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR as epoll reports them. */
typedef void loop_ready(void *arg, uint32_t events);
typedef void loop_due(void *arg);
typedef void loop_signal(void *arg, const struct signalfd_siginfo *info);

struct loop *loop_new(struct error *e);
void loop_free(struct loop *l);

/*
 * Watches fd. Only one watch per descriptor. 0, or -1 (EPERM for a regular file: such descriptors are
 * always ready and are served without a watch).
 */
int loop_watch(struct loop *l, int fd, uint32_t events, loop_ready *ready, void *arg,
    struct error *e);
void loop_change(struct loop *l, int fd, uint32_t events);
/* Stops watching; safe inside any callback, also for another descriptor of the same round. Call it
 * before close(2). */
void loop_forget(struct loop *l, int fd);

/* Calls due at kernel.now() >= at. A timer fires once and is then freed; cancel frees it earlier. */
struct loop_timer *loop_at(struct loop *l, int64_t at, loop_due *due, void *arg);
struct loop_timer *loop_after(struct loop *l, int64_t ns, loop_due *due, void *arg);
/* NULL is allowed. */
void loop_cancel(struct loop *l, struct loop_timer *t);
/* Nanoseconds until it is due; not more than 0 when it is. */
int64_t loop_left(const struct loop_timer *t);
/* Moves every pending timer later by ns (after the process was stopped and continued). */
void loop_shift(struct loop *l, int64_t ns);

/* Blocks the signal in this thread and delivers it here from now on. */
int loop_on_signal(struct loop *l, int signal, loop_signal *handler, void *arg, struct error *e);

/* Called once at the end of every round, after all callbacks: the place to write what they gathered. */
void loop_on_idle(struct loop *l, loop_due *idle, void *arg);

/* Runs until loop_stop; the value given to it. -1 with an error when waiting fails. */
int loop_run(struct loop *l, struct error *e);
/* One round: waits until something is ready or due (at most until deadline, -1 for ever). */
int loop_round(struct loop *l, int64_t deadline, struct error *e);
void loop_stop(struct loop *l, int value);

#endif
