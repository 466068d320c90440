/*
 * member: one command of a part: its process, started and started again, what it is given, how it
 * says that it is ready, and its end.
 */
#ifndef MCI_SUPERVISE_MEMBER_H
#define MCI_SUPERVISE_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "backoff.h"
#include "host.h"
#include "partlog.h"

enum member_state {
	MEMBER_STOPPED,
	MEMBER_RUNS,
	MEMBER_PAUSES, /* until it is started again */
	MEMBER_FAILED, /* so often in a row that it is not */
	MEMBER_DONE,   /* it ran once, and well */
};

struct member {
	const struct host *host;
	const struct wiring_part *part; /* that it is a command of: the place-th */
	size_t place;
	char *name;   /* the part's, with ".N" where it has several commands */
	int in, out;  /* of the pipeline; -1 at its ends; borrowed */
	int lifeline; /* of the part, to read from; borrowed */
	struct partlog log;
	enum member_state state;
	struct child *child; /* NULL unless it runs */
	bool ready;
	bool stopping; /* it was told to end, and is not started again */
	bool draining; /* the same, but it takes its time */
	bool killed;
	int telling;              /* where it says that it is ready; -1 */
	struct loop_timer *timer; /* of the pause, or the grace */
	int64_t began;            /* kernel.now() at the start of this one */
	int64_t since;            /* kernel.wall() when the state changed last */
	struct backoff backoff;   /* until it is started again */
	int64_t in_a_row;         /* ends, without a quiet minute between */
	int64_t restarts;
	int64_t said;     /* how much was in its log at the start of this one */
	char reason[128]; /* of its last end */
};

/* Opens its log. 0 or -1: close it all the same. */
int member_open(struct member *m, const struct host *host, const struct wiring_part *part,
    size_t place, struct mask *mask, struct error *e);
/* Starts it; one that cannot be started is tried again like one that has ended. */
void member_start(struct member *m);
/* TERM, and KILL after its grace; one that pauses stays where it is. */
void member_stop(struct member *m);
/* The part's own signal, after which it ends when it is done. */
void member_drain(struct member *m);
/* It is to end by itself, and is not started again then: what it reads has an end. */
void member_finish(struct member *m);
/* KILL. */
void member_kill(struct member *m);
/* Forgets how often it has ended: it may try again as often as in the beginning. */
void member_forgive(struct member *m);
/* Whether there is a process. */
bool member_runs(const struct member *m);
/* Whether what comes after it may start. */
bool member_is_ready(const struct member *m);
/* One word for people. */
const char *member_state_name(const struct member *m);
/* Appends the member "lines" to an open object: what it said last. */
void member_emit_lines(const struct member *m, struct bytes *into);
/* Bytes that wait in its pipe; 0 when it has none. */
int64_t member_waiting(const struct member *m);
/* Its memory: what of it is its own and its share of the rest (PSS), in bytes; 0 when that is not
 * known. */
int64_t member_memory(const struct member *m);
/* It is gone, or must be: a process that is left is forgotten. */
void member_close(struct member *m);

#endif
