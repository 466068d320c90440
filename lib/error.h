/*
 * error: why something failed, said once, where it failed, with the object's name in it.
 * A function that can fail takes a struct error * and returns -1 or NULL after filling it; only main
 * prints. Passing NULL is allowed and drops the text.
 */
#ifndef MCI_ERROR_H
#define MCI_ERROR_H

enum error_code {
	ERROR_NONE,
	ERROR_INPUT,        /* what was given is malformed or not allowed */
	ERROR_USAGE,        /* a wrong command line */
	ERROR_SYSTEM,       /* a system call failed; sys holds errno */
	ERROR_NOT_FOUND,    /* what was asked for is not there */
	ERROR_LIMIT,        /* a stated bound was exceeded */
	ERROR_BUSY,         /* somebody else holds it: try again */
	ERROR_DISCONNECTED, /* the link was lost before the reply came */
	ERROR_REFUSED,      /* the other side said no, or this side may not */
	ERROR_FENCED,       /* a newer run of the build has begun: this one is to stop */
	ERROR_INTERNAL,     /* mci itself is at fault */
};

struct error {
	enum error_code code;
	int sys;         /* errno, or 0 */
	char text[1024]; /* one line without a newline; longer text is cut */
};

/* Fills e and returns -1, so that "return error_set(...)" reads well. */
int error_set(struct error *e, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a failed system call: adds ": " and the text of errno. */
int error_sys(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts context before the text ("FILE:LINE: "); keeps the code; returns -1. */
int error_before(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The sysexits-like status that a client command ends with for this error: 1, 2, 75 or 125. */
int error_status(const struct error *e);

#endif
