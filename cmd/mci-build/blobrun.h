/* blobrun: one process of mci-blob, or of another program that is started like it: what it says, and how it
 * ended. Nobody waits for it. */
#ifndef MCI_BUILD_BLOBRUN_H
#define MCI_BUILD_BLOBRUN_H

#include "bytes.h"
#include "error.h"
#include "loop.h"
#include "mask.h"

struct blobrun;

struct blobrun_events {
	/* A line of its output that is a JSON object. */
	void (*line)(void *arg, struct span line);
	/* It has ended with this status, as wait(2) gives it, and is gone. said: the last other line that it
	 * wrote, on standard error too, without its name in front; n 0: none. */
	void (*done)(void *arg, int status, struct span said);
};

struct blobrun_spec {
	char *const *words; /* NULL-terminated, the first being the program */
	int in;             /* its standard input; -1: none */
	int out;            /* what becomes its standard output, which is not read then; -1: it is */
	int lock;           /* stays open as long as it lives: nobody goes on with the build before */
	const struct mask *mask; /* its secrets, where the words have --mask-fd BLOBRUN_MASK; or NULL */
};
#define BLOBRUN_MASK "4"

/* Starts it. NULL with an error. */
struct blobrun *blobrun_start(struct loop *loop, const struct blobrun_spec *spec,
    const struct blobrun_events *events, void *arg, struct error *e);
/* Asks it to end; done is called as ever. */
void blobrun_stop(struct blobrun *r);
/* Kills it; done is not called. NULL is allowed. */
void blobrun_free(struct blobrun *r);

#endif
