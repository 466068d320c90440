/*
 * pump: streams that a descriptor is given: readers of an append-only file that each keep a place
 * of their own, and take what they can. One that stalls costs its place and nobody any time; one
 * that comes back goes on where it was. What is read is the source's: it says in steps what comes
 * next. The pump has the descriptor: what that takes now, when it takes more, whose turn it is, and
 * when its reader has left.
 *
 * The kernel copies from a file into a pipe (splice(2)) and into a socket (sendfile(2)). Never
 * blocks, whatever the descriptor is. A regular file is always ready; a terminal gets what is safe
 * to show (safe.h). Opening one makes this process ignore SIGPIPE.
 */
#ifndef MCI_PUMP_H
#define MCI_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"
#include "safe.h"

/* Given in one call, before others get their turn: about half a millisecond. Once more in the last
 * step at most. */
#define PUMP_TURN (1024 * 1024)

enum pump_flags {
	PUMP_SHARED = 1,  /* others have the open file as well: it may be blocking, now or later */
	PUMP_OWNS = 2,    /* closes the descriptor with the pump */
	PUMP_WATCHES = 4, /* notices that the reader leaves also while there is nothing for it;
			   * without, somebody else does, as a link that was taken over */
};

enum pump_step {
	PUMP_WENT,  /* there may be more */
	PUMP_WAITS, /* nothing more for now: whoever has more calls pump_serve */
	PUMP_ENDS,  /* nothing more ever: all was given */
	PUMP_FAILS, /* it cannot be read */
};

enum pump_end {
	PUMP_ENDED,
	PUMP_LEFT,   /* its reader has left (sys 0 or EPIPE), or it cannot be given more (errno) */
	PUMP_FAILED, /* the source, or the file is shorter than it said (EIO) */
};

struct pump_source {
	/* The next of it, given with the calls below. Must not close the pump. */
	enum pump_step (*step)(void *arg);
	/* After a turn that is not the last: the pump may be closed and freed in it. NULL: not of
	 * interest. */
	void (*served)(void *arg);
	/* Nothing more is given: the callee closes the pump, and may free it. */
	void (*over)(void *arg, enum pump_end end, int sys);
};

struct pump_list;

struct pump {
	struct loop *loop;
	const struct pump_source *source;
	void *arg;
	int to;
	bool blocked; /* it takes no more, or has had its turn: the loop goes on with it */
	/* the rest is the room's */
	enum { PUMP_TO_SOCKET, PUMP_TO_PIPE, PUMP_TO_FILE, PUMP_TO_DEVICE } kind;
	unsigned flags;
	bool terminal, watched, unwatchable;
	uint32_t events; /* that the loop is asked for */
	int own;         /* a device opened anew, not blocking, or -1 */
	int64_t turn;    /* what is left of it */
	bool left, failed;
	int sys;
	struct safe safe;
	struct bytes shown;       /* made safe, and not taken yet */
	struct loop_timer *again; /* the next turn of what cannot be watched */
	struct pump_list *list;
	struct pump *next, **at;
};

/* Those who are served together. Start from {0}. Whoever looks for one goes from all along next, and
 * knows it by its arg. */
struct pump_list {
	struct pump *all, *turn;
	size_t n;
	bool serving; /* inside pump_list_go: the list must not go */
};

/* Gives to the descriptor, which has to be O_NONBLOCK unless it is shared. Nothing is given before
 * pump_serve or pump_wake. 0, or -1: the descriptor is the caller's then, whatever the flags say.
 */
int pump_open(struct pump *p, struct loop *loop, int to, unsigned flags,
    const struct pump_source *source, void *arg, struct error *e);
/* Ends it, without a word; before its descriptor is closed. One that is zeroed, or closed, may be.
 */
void pump_close(struct pump *p);

/* Gives what there is and what is taken, up to a turn's worth; the rest comes from the loop. Not
 * inside step. The pump may be closed when it returns. */
void pump_serve(struct pump *p);
/* The same, from the loop. */
void pump_wake(struct pump *p);

/* Inside step. Gives n bytes of a file from the offset at, or some of them: how many. A file that
 * ends before that has failed. */
size_t pump_file(struct pump *p, int file, int64_t at, size_t n);
/* The same from memory, which is the caller's again: how many bytes. Not more runs than writev(2)
 * takes. */
size_t pump_runs(struct pump *p, struct iovec *runs, size_t n);
/* One run. */
size_t pump_bytes(struct pump *p, const void *from, size_t n);
/* Inside step: so much of the turn went on something else, as bytes that were read and are not for
 * this reader. */
void pump_spend(struct pump *p, int64_t n);
/* Outside of it: a record of the stream's own, where the source is between two. 0, or -1 when it is
 * not taken whole: the stream is torn, and to be closed. */
int pump_say(struct pump *p, struct span record);

/* Without a pump: copies n bytes of a file from *at on, or what there is of them, and waits where it must.
 * Moves *at. 0, or -1 and errno. */
int pump_copy(int file, int64_t *at, int64_t n, int to);

/* Puts the pump into the list, at its front, and out of the one that it was in; pump_close takes it
 * out. */
void pump_list_add(struct pump_list *l, struct pump *p);
/* There is more for them: a round begins, in which each gets a turn, whatever was left of the last
 * one. */
void pump_list_begin(struct pump_list *l);
/* The turns of so many of them; false when the round is over. Pumps may be added and closed, and
 * other rounds be begun, in what is called meanwhile: what is new has its turn in the next round.
 */
bool pump_list_go(struct pump_list *l, size_t n);
/* A whole round. */
void pump_list_serve(struct pump_list *l);

#endif
