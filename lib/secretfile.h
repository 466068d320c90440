/*
 * secretfile: a file that holds one secret: all its bytes, but for one line end (LF or CRLF) at its end. So
 * one line written by echo is that line, and a key of many lines is all of them.
 */
#ifndef MCI_SECRETFILE_H
#define MCI_SECRETFILE_H

#include "bytes.h"
#include "error.h"

/* The bytes that a file may have, its last line end included. */
#define SECRETFILE_LIMIT (64 * 1024 + 1)

/* Appends the secret. 0, or -1 with an error that names the file (and nothing of what is in it). */
int secretfile_read(struct bytes *into, const char *path, struct error *e);
/* The same from an open descriptor, which stays open; name is for the error. */
int secretfile_take(struct bytes *into, int fd, const char *name, struct error *e);

#endif
