/*
 * rights: who may call what: the one place where a token's scopes, and whose things it may touch,
 * are held
 * against a method and its parameters. Every route ends in such a call, and so does what comes by
 * /api/v1/call and what follows a stream: so nothing else decides what somebody may see.
 *
 * What a token may not see is not there: it is told in the words for what is missing.
 */
#ifndef MCI_API_RIGHTS_H
#define MCI_API_RIGHTS_H

#include <stdbool.h>

#include "bytes.h"
#include "contract.h"
#include "error.h"

/* What who has none is told. */
#define RIGHTS_TOKEN_NEEDED "a token is needed: Authorization: Bearer TOKEN"

/* Each but agent takes in those in front of it, and agent the first. */
enum rights_scope {
	RIGHTS_READ,
	RIGHTS_TRIGGER,
	RIGHTS_WRITE,
	RIGHTS_ADMIN,
	RIGHTS_AGENT,
	RIGHTS_SCOPES,
	RIGHTS_NONE = RIGHTS_SCOPES, /* of a method that is for nobody from outside */
	RIGHTS_ANYBODY,              /* and of a route that needs no token */
};
const char *rights_scope_name(enum rights_scope scope);
/* -1: there is none of that name. */
int rights_scope_parse(struct span name);

struct who {
	unsigned scopes; /* bits, 1 << enum rights_scope; 0: nobody who is known */
	char *id;        /* of the token; NULL: nobody */
	char *org;       /* whose things alone; NULL: all */
	char *repo;      /* of it alone; NULL: all of the organisation */
	char *agent;     /* that shows it; NULL */
	bool once;       /* it is good for beginning one session and nothing else */
};
void who_copy(struct who *to, const struct who *from);
void who_free(struct who *w);
bool who_has(const struct who *w, enum rights_scope scope);

/* The scope that a method asks for; RIGHTS_NONE: it is not for others. */
enum rights_scope rights_of(const struct contract_method *m);

enum rights_answer {
	RIGHTS_YES,
	RIGHTS_IF_PUBLIC, /* if the repository is, that is named: ask, then yes or not there */
	RIGHTS_UNKNOWN,   /* who is not known: a token is missing */
	RIGHTS_MISSING,   /* not there, as far as this token goes */
	RIGHTS_FORBIDDEN, /* there, but this needs another scope */
};
/*
 * params is what the method is called with (it has passed contract_check_params); what a list has
 * to be narrowed by is put into it. repo gets "ORG/REPO" for RIGHTS_IF_PUBLIC. The error says why
 * not.
 */
enum rights_answer rights_check(const struct who *w, const struct contract_method *m,
    struct bytes *params, struct bytes *repo, struct error *e);

#endif
