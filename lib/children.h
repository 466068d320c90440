/*
 * children: the one owner of this process's children: it starts them, sees that they ended, and
 * nothing else in the kit waits for a process (make lint). Any thread may start children; one is
 * looked at and reaped by the thread that started it.
 *
 * A number is another process's as soon as whoever had it was reaped. So a child that has ended
 * stays a zombie until its owner frees it: up to then signals to it and to its group reach nobody
 * else.
 *
 * How an end is seen: by a pidfd in the child's loop. The loop that adopts (children_adopt) gets
 * SIGCHLD and looks through all children at it, so its own cost no pidfd: that is how mci-job, a
 * loop that starts thousands, pays one spawn a job. It leaves the children of other loops to these
 * and reaps those that nobody knows: orphans of what was started here, when this process is their
 * subreaper.
 */
#ifndef MCI_CHILDREN_H
#define MCI_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "error.h"
#include "loop.h"
#include "process.h"

struct child;

/* It has ended: status as wait(2) gives it, usage with what it has waited for itself. Called
 * once, on the loop. It is a zombie until it is freed, which may be in here. */
typedef void child_ended(void *arg, int status, const struct rusage *usage);

/*
 * Starts it. Without a loop nobody is told of its end: child_wait waits for it. NULL with an error
 * as process_spawn has it. The caller's until child_free or child_wait.
 */
struct child *child_start(struct loop *loop, const struct process_spec *p, child_ended *ended, void *arg,
    struct error *e);
/* fork(2), for a process of one thread: 0 in the child, which has none of our children; -1 and
 * errno. What it is for is waited for. */
pid_t child_fork(struct child **c);
/* Its number, until it is freed. */
pid_t child_pid(const struct child *c);
/* Whether children_kill_all has reaped it: nobody is told of its end. */
bool child_is_reaped(const struct child *c);
/* Sends a signal to the process alone; NULL is allowed in these. */
void child_signal(const struct child *c, int signal);
/* To its group, when it was started with one or a session of its own, else to it alone. */
void child_signal_group(const struct child *c, int signal);
/* To its group and to every descendant, whatever session that is in. */
void child_signal_tree(const struct child *c, int signal);
/* Blocks until it has ended; its status. ended is not called; c is freed. */
int child_wait(struct child *c);
/* Its number may be another's from here on. One that lives is let be: it is an orphan then, and
 * ended is not called. NULL is allowed. */
void child_free(struct child *c);

/*
 * This process becomes the subreaper of all below it, and the loop, of the main thread, takes
 * SIGCHLD: children that nobody knows are reaped as they end, and orphans (may be NULL) is called
 * behind it. Before the loop starts any child. 0 or -1.
 */
int children_adopt(struct loop *loop, void (*orphans)(void *arg), void *arg, struct error *e);
/* The loop is about to be freed. */
void children_abandon(struct loop *loop);

/* For a subreaper that has no loop and waits for SIGCHLD itself: reaps what nobody knows. */
void children_sweep(void);
enum child_state {
	CHILD_RUNS,
	CHILD_STOPPED, /* since the last look */
	CHILD_ENDED,   /* status is told */
};
enum child_state child_look(const struct child *c, int *status);

/*
 * KILLs every descendant of this process, again and again until none is left that it may kill, and
 * reaps them; gives up after ten seconds (a process may hang in the kernel). The last act of a
 * subreaper: children that are known end like all others, without a word. How many were reaped.
 */
size_t children_kill_all(void);

#endif
