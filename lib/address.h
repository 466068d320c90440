/*
 * address: where the other end of a link is, as text from outside (section 4 of the design).
 *   -            standard input and output      fd:N         an inherited descriptor
 *   fifo:PATH    a named pipe                   unix:PATH    a Unix socket; also /... and ./...
 *   exec:COMMAND a child, words split as a shell does, nothing expanded
 *   inproc:NAME  a service in a thread of this process
 *   HOST:PORT    a server's HTTP: to listen at, or to ask as http://HOST:PORT; an IPv6 address in []
 *   http://…     the same by way of mci-relay(1); also https://…
 */
#ifndef MCI_ADDRESS_H
#define MCI_ADDRESS_H

#include <stdbool.h>

#include "error.h"

enum address_kind {
	ADDRESS_STDIO,
	ADDRESS_FD,
	ADDRESS_FIFO,
	ADDRESS_UNIX,
	ADDRESS_EXEC,
	ADDRESS_INPROC,
	ADDRESS_TCP,
	ADDRESS_HTTP,
};

struct address {
	enum address_kind kind;
	char *text;  /* as given, for messages */
	char *path;  /* FIFO, UNIX; the name of INPROC; the host of TCP, without [] */
	int port;    /* TCP */
	int fd;      /* FD */
	char **argv; /* EXEC, NULL-terminated */
};

/* 0, or -1 with an error that says what forms there are. A socket path over 107 bytes is an
 * error. */
int address_parse(struct address *a, const char *text, struct error *e);
void address_free(struct address *a);
/* The same address for programs that are started elsewhere: a path is made absolute; "" when only we can use
 * it (-, fd:N, a socket whose absolute path is too long). The caller frees; NULL with an error as
 * address_parse. */
char *address_elsewhere(const char *text, struct error *e);
/* The same for where large files are kept, which may also be file:DIR, made absolute, or
 * s3://BUCKET/PREFIX. */
char *address_store_elsewhere(const char *text, struct error *e);

/* Whether a text is the address of a server that is reached over HTTP. */
bool address_is_far(const char *text);

/* What a descriptor can carry: in is -1 when it cannot be read, out when it cannot be written. 0
 * or -1. */
int address_directions(int fd, int *in, int *out, struct error *e);
/* Another number for fd, of an open file of our own (kernel_own) where there can be one; flags are
 * O_RDONLY or O_WRONLY. -1 and errno. */
int address_own(int fd, int flags);
/* Moves standard input and output to other numbers, one when both are one socket, so that what a
 * program prints by mistake goes to /dev/null and not among the lines. 0 or -1. */
int address_stdio(int *in, int *out, struct error *e);

#endif
