/*
 * link: one connection that carries lines both ways, whatever it is made of. Made by connect.h or
 * from descriptors, served by a loop. Sending never blocks: what the other end does not take is
 * kept up to LINK_BUFFER, and reading from it stops meanwhile (it cannot make us hoard answers).
 * On a pipe a lost reader would raise SIGPIPE: taking one makes this process ignore that signal.
 */
#ifndef MCI_LINK_H
#define MCI_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"
#include "line.h"
#include "loop.h"

#define LINK_BUFFER (4 * 1024 * 1024)
#define LINK_PAUSE (64 * 1024) /* unsent bytes at which reading pauses */
#define LINK_FDS 4             /* descriptors that a line may carry: OUTBOX_FDS */

struct link;

struct link_peer {
	pid_t pid; /* 0 when the transport does not tell */
	uid_t uid;
	gid_t gid;
};

struct link_events {
	/* A line without its newline. fds (n of them) came with it and belong to the callee.
	 * NULL: what comes is dropped. */
	void (*line)(void *arg, struct link *l, struct span line, int *fds, int nfds);
	/* Bytes that link_data announced, as they come; left is how many more there will be. NULL: they
	 * are dropped. */
	void (*data)(void *arg, struct link *l, struct span piece, uint64_t left);
	/* Not NULL: called instead of line with all whole lines that have come, newlines
	 * included; for programs that pass them on. Descriptors are closed, link_pause holds
	 * from the next read on. */
	void (*lines)(void *arg, struct link *l, struct span lines);
	/* A line over the limit was dropped; the stream goes on. head is its first 64 bytes. May be
	 * NULL. */
	void (*too_long)(void *arg, struct link *l, uint64_t number, struct span head);
	/* Of a bounded link: a line that was not whole yet was dropped, because this process holds too much
	 * for the other ends of its links; the stream goes on behind it. May be NULL. */
	void (*crowded_out)(void *arg, struct link *l, uint64_t number);
	/* What had to wait has been taken; not called when link_send could give all of it at once
	 * (link_unsent says so). May be NULL. */
	void (*drained)(void *arg, struct link *l);
	/* The other end sends no more but may still read; why as for closed. The callee closes
	 * the link when it has answered. NULL: closed is called instead. */
	void (*ended)(void *arg, struct link *l, const struct error *why);
	/* What comes is never answered: it is read also while much is unsent, so that two who have
	 * much to say to each other do not wait for each other. */
	bool asks;
	/* The other end closed or broke (why says which, code ERROR_NONE for a clean end); bytes
	 * without a newline at the end were dropped and are named in why (ERROR_INPUT). The link
	 * is freed after this returns. May be NULL. */
	void (*closed)(void *arg, struct link *l, const struct error *why);
};

/* Takes descriptors over; they may be the same one, and one may be -1: receive or send only. */
struct link *link_take(struct loop *loop, int in, int out, const struct link_events *events, void *arg,
    struct error *e);
/* Puts whole lines (with newlines) on their way; -1 when more than LINK_BUFFER would wait or
 * nothing can be sent (any more). */
int link_send(struct link *l, const void *p, size_t n);
/* One line with descriptors (copies are made; Unix sockets only). 0 or -1. */
int link_send_fds(struct link *l, const void *p, size_t n, const int *fds, int nfds);
/* Whether anything can be sent at all: a FIFO that is read takes no answers. */
bool link_answers(const struct link *l);
/* Whether lines may carry descriptors here. */
bool link_carries_fds(const struct link *l);
/* Inside line: the n bytes behind this line are no lines but data. */
void link_data(struct link *l, uint64_t n);
/* Counts what the link holds for its other end, half a line and what that does not read, into the
 * process's budget (budget.h): for the links of servers. A link whose other end does not read is lost
 * when that is too much. */
void link_bound(struct link *l);
/* Sends what is waiting, then closes our sending half; the other end sees an end of file. */
void link_finish(struct link *l);
/* Ends it now; closed is not called. Safe in the link's own callbacks. */
void link_close(struct link *l);
/* Stops and resumes reading (back-pressure by the owner). */
void link_pause(struct link *l, int paused);
size_t link_unsent(const struct link *l);
const struct link_peer *link_peer(const struct link *l);
/* The number of the line handed out last, for messages. */
uint64_t link_line_number(const struct link *l);
/* Tries to send what waits now, although lines are being handed out (they are answered together
 * otherwise); what is still unsent. */
size_t link_flush(struct link *l);
/* Streams take the connection over: stops the link's own reading of lines (only the end is still
 * noticed) and gives a descriptor for writing, which the link owns and which may be watched; the
 * same one when called again. -1 while something is unsent. */
int link_take_over(struct link *l);
/* Calls release(arg) once, when the link is freed. */
void link_on_release(struct link *l, void (*release)(void *arg), void *arg);

#endif
