/*
 * client: the other side of a service. client_call is asynchronous, for programs with a loop;
 * call_once and call_post block and are for commands only. A lost link fails every open call
 * with ERROR_DISCONNECTED.
 */
#ifndef MCI_CLIENT_H
#define MCI_CLIENT_H

#include "address.h"
#include "bytes.h"
#include "error.h"
#include "loop.h"
#include "message.h"

struct client;
/* result is the raw JSON of the reply, or n 0 and e says why (e->text holds the other side's
 * message). */
typedef void client_done(void *arg, struct span result, const struct error *e);

struct client *client_open(struct loop *loop, const char *address, struct error *e);
/* params is a JSON object. done is called exactly once, never inside this call. */
void client_call(struct client *c, const char *method, struct span params, client_done *done,
    void *arg);
/* The same with n bytes of data behind the request; params has the member "data":n. */
void client_call_data(struct client *c, const char *method, struct span params, struct span data,
    client_done *done, void *arg);
/* Inside done: moves up to max descriptors that came with the reply to fds; how many. What is not taken
 * is closed. */
int client_fds(struct client *c, int *fds, int max);
/* Sends an event line (with newline). -1 when the link is lost or full. */
int client_post(struct client *c, struct span line);
/* Open calls fail with ERROR_DISCONNECTED first. */
void client_close(struct client *c);

/* One request over a new connection, waiting at most timeout nanoseconds (-1 for ever) for its
 * reply. */
int call_once(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, struct error *e);
/* The same for a reply with descriptors: up to *nfds go to fds, *nfds says how many. */
int call_fds(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, int *fds, int *nfds, struct error *e);
/* As call_once, then gives every further line to each until the stream ends (0) or each returns
 * non-zero (that value) or the connection breaks without an eof record (-1). reader is the
 * descriptor that each prints to, so that its reader's leaving ends the stream as SIGPIPE would
 * (141); -1: none. */
int call_stream(const char *address, const char *method, struct span params, int reader,
    int (*each)(void *arg, struct span line), void *arg, struct error *e);
/* Posts event lines and closes; reports an error line that comes back. */
int call_post(const char *address, struct span lines, struct error *e);

/* For those who keep a conversation of their own: a request line, and what a reply's error or a
 * line of type error says. */
void client_request(struct bytes *line, int64_t id, const char *method, struct span params);
void client_reply_error(const struct message *m, struct error *e);
void client_line_error(const struct message *m, struct error *e);

#endif
