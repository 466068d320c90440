/*
 * server: puts services behind listeners and links, several behind one where they can be told apart
 * (door.h), and stops them in order.
 */
#ifndef MCI_SERVER_H
#define MCI_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "loop.h"
#include "service.h"

/* At most so many connections a server; more are told so and closed. */
#define SERVER_CONNECTIONS 4096

struct server;
/* A way in: which services are there, and what each takes for itself (its rights). */
struct server_door;

/* With one door, which the functions that name none mean. */
struct server *server_new(struct loop *loop, const struct service *s, void *self);
/* One more service, before anybody is listened to. -1 with ERROR_USAGE when another here has one of
 * its nouns, or takes events as it does: a mistake in the program. */
int server_add(struct server *s, const struct service *service, void *self, struct error *e);
int server_listen(struct server *s, const char *address, mode_t mode, struct error *e);
/* One more door; it goes with the server. */
struct server_door *server_door(struct server *s, const struct service *service, void *self);
int server_door_listen(struct server_door *d, const char *address, mode_t mode, struct error *e);
/* Serves one connection on descriptors that it takes over, closed on failure. */
int server_connect(struct server *s, int in, int out, struct error *e);
/* Stops in order: takes no further connection and no further line, answers what is open, has the
 * services end their streams (service.h, each as often as it has doors), and calls stopped(arg) from
 * the loop when no connection is left; it is the owner's to wait no longer for those that do not
 * read. Once. */
void server_stop(struct server *s, void (*stopped)(void *arg), void *arg);
/* Closes all listeners and links; requests that were not answered are gone: do not touch them
 * again. Not inside a handler. NULL is allowed. */
void server_free(struct server *s);
/* How many connections are open. */
size_t server_connections(const struct server *s);
/* Whether anybody can still connect: it has a listener that is more than one connection. */
bool server_listens(const struct server *s);
/* Calls empty(arg) from the loop whenever the last connection is gone. */
void server_on_empty(struct server *s, void (*empty)(void *arg), void *arg);
/* Calls tell(arg, text) for a line that is wrong, or refused, where nothing can be answered (a FIFO):
 * the address, the line and why. Once a second at most; others are counted. */
void server_on_unanswered(struct server *s, void (*tell)(void *arg, const char *text), void *arg);

#endif
