/*
 * notes: the pipe behind $MCI_NOTES. It belongs to a slot, not to a job, and is used again by the jobs
 * that run there one after another, so that it costs a job nothing. What is left in it is read before the
 * job ends. The shell of a script with several entries tells on it, too, which entry it begins.
 */
#ifndef JOB_NOTES_H
#define JOB_NOTES_H

#include "bytes.h"
#include "error.h"
#include "line.h"
#include "loop.h"

/* Its number in the job: over what scripts use for themselves, below the 64 that cost no larger table. */
#define NOTES_FD 19
#define NOTES_PATH "/dev/fd/19"
/* Where the shell waits, behind such a line, until it has been read: entries with names have places in the
 * log, and what is printed next is not to come before them. */
#define NOTES_WAIT_FD 18
#define NOTES_WAIT_PATH "/dev/fd/18"
/* How the shell's own lines begin: "command INDEX STATUS-OF-THE-ONE-BEFORE". */
#define NOTES_COMMAND "command "

struct notes {
	int read, write;
	struct line_reader lines;
	/* An annotation: valid JSON object, or text of any kind (json false). */
	void (*note)(void *arg, struct span line, bool json);
	/* The shell begins this entry; the one before ended with status. */
	void (*command)(void *arg, size_t index, int status);
	void *arg;
};

/* Makes the pipe and watches it; the callbacks and arg are set by the caller before. */
int notes_open(struct notes *n, struct loop *loop, struct error *e);
/* Reads what is there now. */
void notes_drain(struct notes *n);
/* The job is over: drains, and forgets half a line. */
void notes_end(struct notes *n);
void notes_close(struct notes *n, struct loop *loop);

#endif
