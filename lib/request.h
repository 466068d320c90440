/*
 * request: what a service's method is called with: its parameters, what comes with them, who asks,
 * and how it is answered, now or later.
 */
#ifndef MCI_REQUEST_H
#define MCI_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "connection.h"
#include "contract.h"
#include "error.h"
#include "link.h"
#include "message.h"
#include "scan.h"

struct request;

/* Inside a handler. Texts are decoded and live until the request is answered. */
struct span request_params(const struct request *r);
/* What was called. */
const struct contract_method *request_row(const struct request *r);
/* A text or NULL when absent; types were checked against the contract before. */
const char *request_text(struct request *r, const char *name);
int64_t request_integer(struct request *r, const char *name, int64_t otherwise);
/* Whether it is there, and true. */
bool request_flag(struct request *r, const char *name);
/* Raw JSON of a parameter, n 0 when absent. */
struct span request_raw(struct request *r, const char *name);
/* Moves up to max of the descriptors that came with it to fds: the caller's from now on. How many.
 * Those that nobody takes are closed when it is answered. Only a method whose row has a parameter of
 * that type gets any, and exactly as many as its parameter says. */
int request_fds(struct request *r, int *fds, int max);
/* The params are done with, and cost no memory while the request waits for its answer. */
void request_forget(struct request *r);
const struct link_peer *request_peer(const struct request *r);
/* The number of its connection, never given twice; 0 when that is lost or waits for no reply. */
uint64_t request_connection(const struct request *r);
/*
 * Keeps state with the request, for the pieces of its data and for its answer, and nowhere else: it goes with
 * the request. drop is called once, when that was answered or its connection is lost, whichever is first.
 */
void request_keep(struct request *r, void *state, void (*drop)(void *state));
/* What is kept with it, or NULL. */
void *request_kept(const struct request *r);
/* Whether the reply may carry descriptors. */
bool request_carries_fds(const struct request *r);
/* Answers; exactly one of these, now or later, also when the caller is gone by then; r is gone
 * afterwards. result is a JSON value, {} when n is 0. */
void request_reply(struct request *r, struct span result);
/* The same with descriptors, of which copies are made; result is a JSON object and gets "fds". Only
 * where request_carries_fds. */
void request_reply_fds(struct request *r, struct span result, const int *fds, int nfds);
/* The same with bytes behind the line, at most CONTRACT_DATA_LIMIT; result gets "data". For methods whose row
 * has such a result. */
void request_reply_data(struct request *r, struct span result, struct span data);
/* error_name is of a row of contract_errors. */
void request_fail(struct request *r, const char *error_name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error that another room has explained. */
void request_fail_with(struct request *r, const struct error *e);
/*
 * Answers and takes the connection over: the link is the callee's, who writes to link_take_over,
 * ends the stream with a record {"type":"eof",...} and then calls link_close. closed is called
 * once when the other end is gone before that, or the server is freed; the link is freed behind
 * it. NULL, and the request is answered, when the connection has other requests open or unread
 * replies, or is lost.
 */
struct link *request_stream(struct request *r, struct span result,
    void (*closed)(void *arg, struct link *l), void *arg);

/*
 * For a server. The requests of one server, which are gone when they are answered; what those hold
 * that wait is counted into the process's budget (budget.h).
 */
struct request_list {
	struct request *first;
	size_t n;
	void (*none)(void *arg); /* called inside of whatever answered the last one */
	void *arg;
};

/* Takes a request in: what its row needs of m, of values (contract_check_params), and the descriptors.
 * NULL with an error when it is to be refused. */
struct request *request_new(struct request_list *all, struct connection *c,
    const struct contract_method *row, const struct message *m, const struct scan_value *values,
    int *fds, int nfds, struct error *e);
/* The connection is lost: nobody waits for the answers any more, and a request whose data has not
 * come whole is gone. */
void requests_lost(struct request_list *all, struct connection *c);
/* All of them are gone. */
void requests_free(struct request_list *all);

#endif
