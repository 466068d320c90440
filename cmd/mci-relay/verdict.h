/* verdict: what a status of HTTP says of requests that went by POST, and the problem (RFC 9457) behind it. */
#ifndef MCI_RELAY_VERDICT_H
#define MCI_RELAY_VERDICT_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"

struct verdict {
	long from, to; /* statuses */
	enum error_code code;
	enum verdict_what {
		VERDICT_REFUSES, /* these requests */
		VERDICT_LOSES,   /* the link */
		VERDICT_WAITS,   /* they were not even looked at, and may be asked again in a moment */
	} what;
	const char *text;
};

/* NULL: it is an answer, of that content type. */
const struct verdict *verdict_find(long status, const char *type);
/* For people: what the problem says where it is one, else what the status means. */
void verdict_explain(const struct verdict *v, const char *url, long status, const char *where,
    struct span problem, struct error *e);

#endif
