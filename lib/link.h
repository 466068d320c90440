/*
 * link: one connection that carries lines both ways, whatever it is made of. Opened from an address or
 * from descriptors, served by a loop. Sending never blocks: what the other end does not take is kept up
 * to LINK_BUFFER, and reading from it stops meanwhile (it cannot make us hoard answers).
 */
#ifndef MCI_LINK_H
#define MCI_LINK_H

#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "bytes.h"
#include "error.h"
#include "line.h"
#include "loop.h"

#define LINK_BUFFER (4 * 1024 * 1024)
#define LINK_PAUSE (64 * 1024) /* unsent bytes at which reading pauses */
#define LINK_FDS 4             /* descriptors that a line may carry */

struct link;

struct link_peer {
	pid_t pid; /* 0 when the transport does not tell */
	uid_t uid;
	gid_t gid;
};

struct link_events {
	/* A line without its newline. fds (n of them) came with it and belong to the callee. */
	void (*line)(void *arg, struct link *l, struct span line, int *fds, int nfds);
	/* A line over the limit was dropped; the stream goes on. May be NULL. */
	void (*too_long)(void *arg, struct link *l, uint64_t number);
	/* Everything that was sent has been taken. May be NULL. */
	void (*drained)(void *arg, struct link *l);
	/* The other end closed or broke (why says which, code ERROR_NONE for a clean end); bytes without
	 * a newline at the end were dropped and are named in why. The link is freed after this returns. */
	void (*closed)(void *arg, struct link *l, const struct error *why);
};

/* Connects as a client. EXEC spawns the child (own group); FIFO opens for writing; 0 wait: a refused
 * connect is an error at once. NULL with an error. */
struct link *link_open(struct loop *loop, const struct address *a, const struct link_events *events,
    void *arg, struct error *e);
/* Takes descriptors over (they may be the same one; out may be -1: receive only). */
struct link *link_take(struct loop *loop, int in, int out, const struct link_events *events, void *arg,
    struct error *e);
/* Puts whole lines (with newlines) on their way; -1 when more than LINK_BUFFER would wait. */
int link_send(struct link *l, const void *p, size_t n);
/* One line with descriptors (copies are made; Unix sockets only). 0 or -1. */
int link_send_fds(struct link *l, const void *p, size_t n, const int *fds, int nfds);
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
/* Streams take the connection over: gives the descriptor for writing and stops the link's own
 * reading of lines (only the end is still noticed). The link keeps ownership. */
int link_take_over(struct link *l);
void *link_arg(const struct link *l);

/* A listening address. accept gets each new link's descriptors; the callee uses link_take. */
struct listener;
typedef void listener_accept(void *arg, int in, int out);
/* UNIX: binds (mode is the socket's mode, 0600 when 0; a stale socket file is replaced, a live one is
 * ERROR_BUSY); FD: an inherited listening or connected socket, or a pipe; STDIO: one connection; FIFO:
 * made when missing, read only, a writer that leaves does not end it; INPROC: registers the name. */
struct listener *listener_open(struct loop *loop, const struct address *a, mode_t mode,
    listener_accept *accept, void *arg, struct error *e);
/* Stops listening and removes the socket file that it made. */
void listener_close(struct listener *l);

#endif
