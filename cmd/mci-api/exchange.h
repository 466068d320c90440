/*
 * exchange: one HTTP request of a connection and its answer, now or later: what libmicrohttpd knows
 * of it, and what its owner says to it.
 */
#ifndef MCI_API_EXCHANGE_H
#define MCI_API_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "budget.h"
#include "bytes.h"
#include "loop.h"

struct MHD_Connection;
struct MHD_Response;

enum http_verb {
	HTTP_GET,
	HTTP_HEAD_VERB,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_OTHER,
	HTTP_VERBS
};
/* "GET" */
const char *http_verb_name(enum http_verb verb);

struct exchange_source;
struct exchange;
/* A piece of a body that is taken as it comes: how many bytes of it were taken; when not all, it waits until
 * exchange_wake. */
typedef size_t exchange_poured(struct exchange *x, struct span piece);

#define EXCHANGE_PAUSE 3600u
/* Seconds without a byte either way, of any other connection. */
#define HTTP_IDLE 60u

/* Its members are for http.c. */
struct exchange {
	struct loop *loop;
	struct peer *peer; /* of http.c */
	char from[64];
	bool local;
	/* of http.c: it is to be called soon; whether it stops */
	void (*run)(void *of);
	void *of;
	struct MHD_Connection *connection;
	enum http_verb verb;
	const char *method, *version;
	char *path, *query;
	struct bytes body;
	size_t taken; /* bytes of a body that are taken */
	size_t admitted;
	struct budget_share held; /* the answer, until it is taken */
	size_t skipped;
	bool begun, asked, too_long, suspended;
	exchange_poured *pour; /* what takes its body as it comes; NULL: it is gathered */
	int64_t began;
	void *kept;
	struct field {
		char *name, *value;
	} * fields;
	size_t nfields;
	int status;
	struct MHD_Response *response; /* that is not queued yet */
	int fd;              /* the connection's */
	bool patient;
	bool watched, left;  /* whether it leaves is watched; it has, or is to */
	const struct exchange_source *source;
	void *arg;
};

enum http_verb exchange_verb(const struct exchange *x);
/* Whether it is HTTP/1.1, which has to name its host. */
bool exchange_is_11(const struct exchange *x);
const char *exchange_verb_text(const struct exchange *x);
/* As it was sent: up to the '?', and behind it (NULL: there was none). Nothing is decoded. */
const char *exchange_path(const struct exchange *x);
const char *exchange_query(const struct exchange *x);
/* The first of that name; NULL. */
const char *exchange_header(const struct exchange *x, const char *name);
/* Whether there are several of that name. */
bool exchange_header_again(const struct exchange *x, const char *name);
/* How many header fields there are. */
size_t exchange_fields(const struct exchange *x);
struct span exchange_body(const struct exchange *x);
/* Where it came from: "127.0.0.1", "unix" */
const char *exchange_from(const struct exchange *x);
/* Whether it came by an address of this machine alone, or a file. */
bool exchange_local(const struct exchange *x);
int64_t exchange_began(const struct exchange *x); /* kernel.now() */
struct loop *exchange_loop(const struct exchange *x);

/* The owner's, for as long as it lasts. */
void exchange_keep(struct exchange *x, void *state);
void *exchange_kept(const struct exchange *x);

/* Inside begun: a body of at most so many bytes; a longer one is told by exchange_too_long. */
void exchange_take(struct exchange *x, size_t bytes);
bool exchange_too_long(const struct exchange *x);
/* Or inside begun: a body of any length, which pour takes as it comes, in place of exchange_take. */
void exchange_pour(struct exchange *x, exchange_poured *pour);
/* It may take its time from here on, EXCHANGE_PAUSE seconds without a byte. */
void exchange_patient(struct exchange *x);

/* Before the answer: a header of it. Both are copied; a byte that may not be in one is left out. */
void exchange_add(struct exchange *x, const char *name, const char *value);
/* The answer; body is copied, and counts as what is held for the client: one that does not take it may be
 * cut. type may be NULL where there is no body. Once. */
void exchange_answer(struct exchange *x, int status, const char *type, struct span body);
/* The same with a body that lasts as long as the daemon. */
void exchange_answer_kept(struct exchange *x, int status, const char *type, struct span body);
/*
 * An answer that comes in pieces: read puts up to n bytes at p and says how many; 0: nothing now,
 * until exchange_wake; -1: that was all; -2: cut it, so that the reader sees that it is not whole.
 * over is called once when it has ended or nobody reads any more. size is -1 where it is not known.
 * A reader may take nothing for EXCHANGE_PAUSE seconds; one that leaves is noticed at once.
 */
struct exchange_source {
	ssize_t (*read)(void *arg, char *p, size_t n);
	void (*over)(void *arg);
};
void exchange_stream(struct exchange *x, int status, const char *type, int64_t size,
    const struct exchange_source *source, void *arg);
/* There is more to read. */
void exchange_wake(struct exchange *x);
/* Ends an answer that comes in pieces before its end, so that the reader sees that it is not whole. */
void exchange_cut(struct exchange *x);
/* The status that was answered; 0: none yet. */
int exchange_status(const struct exchange *x);

/* ---- for http.c */
struct exchange *exchange_new(struct MHD_Connection *c, const char *uri);
void exchange_begin(struct exchange *x, const char *method, const char *version);
void exchange_body_piece(struct exchange *x, const char *p, size_t n);
/* Gives the answer that is there to the daemon. Whether it took it. */
bool exchange_queue(struct exchange *x);
void exchange_suspend(struct exchange *x);
/* Calls what is to be told of its end. */
void exchange_free(struct exchange *x);

#endif
