/*
 * answer: a request on its way through, and how it is answered: with JSON, with any other type, or
 * with a problem (RFC 9457).
 */
#ifndef MCI_API_ANSWER_H
#define MCI_API_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "client.h"
#include "contract.h"
#include "error.h"
#include "gateway.h"
#include "http.h"
#include "rights.h"
#include "route.h"
#include "target.h"

/* result is the raw JSON of what was called, and e->code ERROR_NONE; or e says why there is none,
 * which answer_error tells. Both borrowed. */
typedef void ask_done(struct ask *a, struct span result, const struct error *e);

struct ask {
	struct exchange *x;
	struct gateway *gateway;
	const struct route *route; /* NULL: none is meant */
	struct target target;
	const char *values[TARGET_SEGMENTS]; /* of the path's {names}, in their order */
	struct who who;
	char *cookie; /* the token of the browser's session that it came with; NULL */
	char from[64]; /* the address that asks, in front of proxies that are known */
	bool known; /* who it is has been looked at */
	bool answered;
	int64_t identity; /* that is asked for; 0: none */
	/* of the call that is under way */
	const struct contract_method *method;
	struct bytes params;
	ask_done *done;
	struct client *client, *caller; /* of its service; of the call under way */
	int64_t call; /* 0: none */
	struct span data; /* that goes with it: of the body */
	bool asks_only;   /* nothing is called: what is to be known is whether it may be */
	char *public_repo; /* ORG/REPO whose being public is their right to it; NULL: it is their token */
	struct {
		struct ground *ground;
		struct ask *next, **at;
	} standing; /* of standing.c */
	/* of a row that takes its body as it comes: what takes it, and is told with n 0 that that was all;
	 * NULL until the row's function has said so */
	size_t (*pour)(struct ask *a, struct span piece);
	bool poured; /* that was all */
	/* of the row's function */
	void *state;
	void (*drop)(void *state); /* called once, when the request is over */
};

/* Before an answer that says no for now: when it is worth asking again. */
void answer_later(struct ask *a, int64_t wait);
/* With JSON, its ETag looked at; status 0: the row's. */
void answer_json(struct ask *a, int status, struct span json);
/* The same for any other type. */
void answer_as(struct ask *a, int status, const char *type, struct span body);
/* The representation that there is now has this ETag, quotes included: says so, and whether the client has it
 * already, who is told that then. */
bool answer_unchanged(struct ask *a, const char *etag);
/* It is answered by who calls this, with what all answers have in their head. */
void answer_begin(struct ask *a);
/* The same with a body that lasts as long as the program. */
void answer_kept(struct ask *a, int status, const char *type, struct span body);
/* With a problem. field may be NULL. */
void answer_problem(struct ask *a, int status, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void answer_text(struct ask *a, int status, const char *field, const char *detail);
/* The same for an error. */
void answer_error(struct ask *a, const struct error *e);

#endif
