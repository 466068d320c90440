/*
 * connection: one client of a server as far as lines and answers go: how much of what it asked may
 * be open, what it is told when a line is bad, and when it ends. What its lines mean is the owner's.
 */
#ifndef MCI_CONNECTION_H
#define MCI_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "contract.h"
#include "error.h"
#include "link.h"
#include "loop.h"
#include "message.h"

/* At most so many unanswered requests a connection, or with so many bytes of params; its further
 * lines wait. */
#define CONNECTION_REQUESTS 64
#define CONNECTION_PARAMS LINE_LIMIT

struct request;

/* Where lines are told of that are wrong and cannot be answered: one for all connections of a
 * server. Once a second at most; others are counted. */
struct connection_notes {
	void (*tell)(void *arg, const char *text); /* NULL: nobody is told */
	void *arg;
	int64_t told;    /* when something was told last; kernel.now() */
	uint64_t untold; /* lines since */
};

struct connection {
	struct link *link;
	const char *address;     /* for messages; NULL: it was not listened for */
	uint64_t number;
	size_t open;             /* requests not answered */
	size_t bytes;            /* of their params */
	struct request *data;    /* the request whose data comes now; NULL: nobody wants it */
	const void *asked;       /* the owner's: of whom the last request was that waits for a reply */
	bool ended;              /* the other end sends no more: close when all is answered */
	bool finished;           /* nor is it listened to any more */
	bool stream;
	void (*closed)(void *arg, struct link *l); /* of a stream */
	void *closed_arg;
	const struct connection_events *events;
	void *arg;
	struct connection_notes *notes;
	struct connection *next, **at; /* the owner's list */
};

struct connection_events {
	/* A request or an event. fds (n of them) came with it and belong to the callee. */
	void (*message)(struct connection *c, const struct message *m, int *fds, int nfds);
	/* Data that link_data announced; left is how many more bytes there will be. */
	void (*data)(struct connection *c, struct span piece, uint64_t left);
	/* It is lost, or was closed: free whatever belongs to it. It is freed behind this. */
	void (*gone)(struct connection *c);
};

/* Takes the descriptors over (closed on failure); out may be -1. NULL with an error. */
struct connection *connection_new(struct loop *loop, int in, int out,
    const struct connection_events *events, void *arg, struct connection_notes *notes,
    struct error *e);

/* A line that was bad, or refused without a reply: number of it, 0: of none; name is of a row of
 * contract_errors. */
void connection_report(struct connection *c, uint64_t number, const char *name, const char *text);
/* Refuses a request, by a reply when it has an id. */
void connection_refuse(struct connection *c, struct span id, const char *name, const char *text);
/* Whole lines, with newlines. */
void connection_send(struct connection *c, const struct bytes *lines);
/* One line with descriptors, of which copies are made. */
void connection_send_fds(struct connection *c, const struct bytes *line, const int *fds, int nfds);
/* A request with so many bytes of params is open; is answered; or holds so many bytes less. */
void connection_opened(struct connection *c, size_t bytes);
void connection_answered(struct connection *c, size_t bytes);
void connection_eased(struct connection *c, size_t bytes);
/* Listens to no further line (but to data that is under way), and ends when what is open has been
 * answered and read. A stream is left to its owner. */
void connection_finish(struct connection *c);
/* Ends it now; a stream's owner is told. */
void connection_close(struct connection *c);

#endif
