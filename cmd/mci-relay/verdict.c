#include "verdict.h"

#include <limits.h>
#include <string.h>

#include "memory.h"
#include "scan.h"

/* The first row that fits counts. */
static const struct verdict verdicts[] = {
	{ 300, 399, ERROR_REFUSED, VERDICT_REFUSES, "it redirects" },
	{ 401, 401, ERROR_REFUSED, VERDICT_REFUSES, "it takes no such token: 'mci login URL', or MCI_TOKEN" },
	{ 403, 403, ERROR_REFUSED, VERDICT_REFUSES, "the token may not do this" },
	{ 404, 405, ERROR_NOT_FOUND, VERDICT_REFUSES, "no mci-api is there" },
	{ 407, 407, ERROR_REFUSED, VERDICT_LOSES, "the proxy wants to know who we are" },
	{ 410, 410, ERROR_DISCONNECTED, VERDICT_LOSES, "the session is over" },
	{ 413, 413, ERROR_LIMIT, VERDICT_REFUSES, "the request is too large for it" },
	{ 429, 429, ERROR_BUSY, VERDICT_WAITS, "it has too much to do" },
	{ 503, 503, ERROR_BUSY, VERDICT_REFUSES, "it has too much to do" },
	{ 400, 499, ERROR_INPUT, VERDICT_REFUSES, "it refuses the request" },
	{ 500, 599, ERROR_DISCONNECTED, VERDICT_LOSES, "nobody answers behind it" },
	{ 0, LONG_MAX, ERROR_DISCONNECTED, VERDICT_LOSES, "this is no answer of an mci-api" },
};

const struct verdict *
verdict_find(long status, const char *type)
{
	const struct verdict *v = verdicts;

	if (status == 200 && strcmp(type, "application/x-ndjson") == 0)
		return NULL;
	while (status < v->from || status > v->to)
		v++;
	return v;
}

/* The member of a problem that is said to people; "" when it is none. */
static void
detail_of(struct span problem, struct bytes *into)
{
	static const char *const keys[] = { "detail", "title" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && into->len == 0; i++) {
		struct scan s;
		struct scan_member m;

		if (scan_open(&s, problem.p, problem.n, NULL) < 0)
			return;
		while (scan_next(&s, &m, NULL) > 0) {
			if (span_is(m.key, keys[i]) && m.value.type == SCAN_STRING &&
			    scan_text(&m.value, into, NULL) == 0)
				break;
		}
	}
	/* it is somebody else's text, in a line of ours */
	for (size_t i = 0; i < into->len; i++) {
		if ((unsigned char)into->data[i] < ' ' || into->data[i] == 127)
			into->data[i] = ' ';
	}
}

void
verdict_explain(const struct verdict *v, const char *url, long status, const char *where, struct span problem,
    struct error *e)
{
	AUTO_BYTES detail = { 0 };

	if (problem.n > 0)
		detail_of(problem, &detail);
	if (where != NULL)
		error_set(e, v->code, "%s: %s to %.300s, where the token is not taken: name the right "
		    "address", url, v->text, where);
	else if (detail.len > 0)
		error_set(e, v->code, "%s: %s", url, bytes_string(&detail));
	else
		error_set(e, v->code, "%s: %s (HTTP %ld)", url, v->text, status);
}
