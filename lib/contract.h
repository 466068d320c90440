/*
 * contract: every event type with its fields and every method with its parameters, result and
 * errors, as const tables: one file a service, contract-NAME.c. Services bind functions to its
 * rows, dispatch checks parameters with it, and mci-protocol(7) is held against it by a test.
 */
#ifndef MCI_CONTRACT_H
#define MCI_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"
#include "scan.h"

/* The version of the event schema, in build/start; raised only when a field changes its meaning. */
#define CONTRACT_SCHEMA 1

enum contract_type {
	CONTRACT_TEXT,
	CONTRACT_INTEGER,
	CONTRACT_SECONDS,
	CONTRACT_BOOL,
	CONTRACT_TEXTS,  /* array of strings */
	CONTRACT_OBJECT,
	CONTRACT_ARRAY,
	CONTRACT_ANY,
	CONTRACT_DATA,   /* so many raw bytes follow the line, of a request or a reply */
	CONTRACT_FDS,    /* so many descriptors come with the line */
};

/* The data that one request may bring; more is skipped and refused. A reply has no more either. */
#define CONTRACT_DATA_LIMIT (4 * 1024 * 1024)
/* The descriptors that one line may carry. */
#define CONTRACT_FDS_LIMIT 4

struct contract_field {
	const char *name; /* "*": any further ones are allowed and passed on */
	enum contract_type type;
	bool required;
	const char *help;
};

struct contract_event {
	const char *type;      /* "job/end" */
	const char *by;        /* the program that says it */
	const char *help;
	const struct contract_field *fields; /* besides the envelope */
	size_t nfields;
};

struct contract_method {
	const char *name;      /* "param/get" */
	const char *help;
	const struct contract_field *params;
	size_t nparams;
	const struct contract_field *results;
	size_t nresults;
	const char *errors;    /* names of contract_error rows, comma separated */
	bool idempotent;
	bool stream;           /* takes the connection over after its reply */
};

struct contract_service {
	const char *name;
	const struct contract_event *events; /* that come by it */
	size_t nevents;
	const struct contract_method *methods;
	size_t nmethods;
};

/* Each service, of which contract-NAME.c has the rows. */
#define CONTRACT_SERVICES(each) \
	each(build)   /* the API of a build, and the events of its log */ \
	each(control) /* how a running build is controlled */ \
	each(job)     /* mci-job on its standard input */ \
	each(events)  /* the hub */ \
	each(log)     /* the log server */ \
	each(blob)    /* the store of large files */ \
	each(bucket)  /* the worker that keeps objects in a bucket */ \
	each(queue)   /* the queue of builds, in the store */ \
	each(store)   /* the data store */ \
	each(supervise) /* the supervisor */ \
	each(server)  /* what every server says and does, whatever its services are */

#define CONTRACT_DECLARE(name) extern const struct contract_service contract_##name;
CONTRACT_SERVICES(CONTRACT_DECLARE)

/* Error codes of replies (JSON-RPC 2.0 section 5.1 and our own from -32000 down). */
struct contract_error {
	int code;
	const char *name;
	enum error_code is;    /* what it is on this side of the link */
	const char *help;
};

extern const struct contract_service *const contract_services[];
extern const size_t contract_nservices;
extern const struct contract_error contract_errors[];
extern const size_t contract_nerrors;

/* The row of a service's method, or NULL. */
const struct contract_method *contract_method(const struct contract_service *s, struct span name);
/* The first of that name, whose service is not known: what several services have under one name is a
 * stream, and idempotent, in all of them or in none. */
const struct contract_method *contract_any_method(struct span name);
/* Whether one of its methods has the noun of this name. */
bool contract_has_noun(const struct contract_service *s, struct span name);
/* Whether bytes follow a request of it: it has a parameter of type data. */
bool contract_brings_data(const struct contract_method *m);
/* Whether they follow its reply: it has such a result. */
bool contract_gives_data(const struct contract_method *m);
const struct contract_event *contract_event(struct span type);
const struct contract_error *contract_error(const char *name);
/* The row that tells an error of this side to the other one; never NULL. */
const struct contract_error *contract_error_for(enum error_code code);
/* What a reply's code means on this side; ERROR_INTERNAL for one that is not in the table. */
enum error_code contract_error_code(long code);
/* The name of a type for people: "text", "integer", "seconds"... */
const char *contract_type_name(enum contract_type type);
/* Whether a type is well formed: noun/verb of lower-case letters, digits and '-'. */
bool contract_type_ok(struct span type);
/* Whether the noun of a type belongs to mci-build and mci-job alone (build job script command
 * container). */
bool contract_noun_reserved(struct span type);

/* No method has more rows of parameters. */
#define CONTRACT_PARAMS 32

/* Checks params (raw JSON object, n 0 counts as {}) against the method: types, required ones,
 * unknown ones, doubled ones. values (CONTRACT_PARAMS of them, or NULL) gets what each row of the
 * method has in params, raw.n 0 when it is absent; they point into params. 0, or -1 with the field
 * and what was expected. */
int contract_check_params(const struct contract_method *m, struct span params,
    struct scan_value *values, struct error *e);

#endif
