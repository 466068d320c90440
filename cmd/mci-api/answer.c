#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "duration.h"
#include "emit.h"
#include "shape.h"
#include "siphash.h"

static const uint64_t etag_key[2] = { UINT64_C(0x6d63692d61706920), UINT64_C(0x657461672d312e30) };

static bool
wants_text(const struct ask *a)
{
	return a->route != NULL && a->route->media == ROUTE_TEXT;
}

/* Whether one of the ETags of If-None-Match (RFC 9110 section 13.1.2) is this one. */
static bool
has_etag(const struct ask *a, const char *etag)
{
	const char *known = exchange_header(a->x, "If-None-Match");

	return known != NULL && (strcmp(known, "*") == 0 || strstr(known, etag) != NULL);
}

static void
common_headers(struct ask *a)
{
	exchange_add(a->x, "X-Content-Type-Options", "nosniff");
	if (a->who.id != NULL || a->route == NULL || route_scope(a->route) != RIGHTS_ANYBODY)
		exchange_add(a->x, "Cache-Control", "private, no-cache");
	if (a->known)
		exchange_add(a->x, "Vary", "Authorization, Cookie, Accept");
}

bool
answer_unchanged(struct ask *a, const char *etag)
{
	exchange_add(a->x, "ETag", etag);
	if (!has_etag(a, etag))
		return false;
	a->answered = true;
	common_headers(a);
	exchange_answer(a->x, 304, NULL, (struct span){ "", 0 });
	return true;
}

void
answer_begin(struct ask *a)
{
	a->answered = true;
	common_headers(a);
}

static void
answer_with(struct ask *a, int status, const char *type, struct span body, bool kept)
{
	bool reads = exchange_verb(a->x) == HTTP_GET || exchange_verb(a->x) == HTTP_HEAD_VERB;
	char etag[24];

	if (a->answered)
		return;
	a->answered = true;
	common_headers(a);
	if (status == 200 && reads) {
		snprintf(
		    etag, sizeof(etag), "\"%016llx\"", (unsigned long long)siphash(etag_key, body));
		exchange_add(a->x, "ETag", etag);
		if (has_etag(a, etag)) {
			exchange_answer(a->x, 304, NULL, (struct span){ "", 0 });
			return;
		}
	}
	if (kept)
		exchange_answer_kept(a->x, status, type, body);
	else
		exchange_answer(a->x, status, type, body);
}

void
answer_as(struct ask *a, int status, const char *type, struct span body)
{
	answer_with(a, status, type, body, false);
}

void
answer_kept(struct ask *a, int status, const char *type, struct span body)
{
	answer_with(a, status, type, body, true);
}

void
answer_json(struct ask *a, int status, struct span json)
{
	const struct contract_method *m = a->route == NULL ? NULL : route_method(a->route);
	AUTO_BYTES line = { 0 };
	struct error e;

	if (status == 0)
		status = a->route->status;
	if (status == 0)
		status = m != NULL && shape_of(a->route).n == 0 ? 204 : 200;
	if (status == 204) {
		answer_as(a, status, NULL, (struct span){ "", 0 });
		return;
	}
	if (a->gateway->options.check && a->route != NULL && status < 300 &&
	    shape_check(a->route, json, &e) < 0) {
		answer_text(a, 500, NULL, e.text);
		return;
	}
	bytes_add(&line, json.p, json.n);
	bytes_char(&line, '\n');
	answer_as(a, status, "application/json", (struct span){ line.data, line.len });
}

static const char *
title_of(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = { { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
		{ 409, "Conflict" }, { 410, "Gone" }, { 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
		{ 421, "Misdirected Request" }, { 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" }, { 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" } };

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Error";
}

void
answer_later(struct ask *a, int64_t wait)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)((wait + SECOND - 1) / SECOND));
	exchange_add(a->x, "Retry-After", text);
}

/* A browser without a session is sent to where it can begin one. */
static void
to_login(struct ask *a)
{
	AUTO_BYTES where = { 0 };

	bytes_text(&where, "/-/login?next=");
	target_escape(&where, exchange_path(a->x));
	exchange_add(a->x, "Location", bytes_string(&where));
	exchange_answer(a->x, 303, NULL, (struct span){ "", 0 });
}

/* Or told inside of the page, whose modules may know more. */
static void
in_page(struct ask *a, int status, const char *detail)
{
	AUTO_BYTES html = { 0 }, page = { 0 };

	bytes_format(&html, "<p class=\"message bad\">%d %s: ", status, title_of(status));
	document_escape(&html, (struct span){ detail, strlen(detail) });
	bytes_text(&html, "</p>");
	document_write(&page, (struct span){ html.data, html.len });
	document_headers(a->x);
	exchange_answer(a->x, status, "text/html; charset=utf-8", (struct span){ page.data, page.len });
}

void
answer_text(struct ask *a, int status, const char *field, const char *detail)
{
	AUTO_BYTES body = { 0 };

	if (a->answered)
		return;
	a->answered = true;
	common_headers(a);
	if (wants_text(a) && document_wanted(a->x)) {
		if (status == 401)
			to_login(a);
		else
			in_page(a, status, detail);
		return;
	}
	if (status == 401)
		exchange_add(a->x, "WWW-Authenticate", "Bearer realm=\"mci\"");
	if (status == 503)
		answer_later(a, SECOND);
	if (wants_text(a)) {
		bytes_format(&body, "%d %s: %s\n", status, title_of(status), detail);
		exchange_answer(a->x, status, "text/plain; charset=utf-8",
		    (struct span){ body.data, body.len });
		return;
	}
	emit_open(&body);
	emit_text(&body, "title", title_of(status));
	emit_integer(&body, "status", status);
	emit_text(&body, "detail", detail);
	if (field != NULL)
		emit_text(&body, "field", field);
	bytes_text(&body, "}\n");
	if (status == 413 || status == 400)
		exchange_add(a->x, "Connection", "close");
	exchange_answer(
	    a->x, status, "application/problem+json", (struct span){ body.data, body.len });
}

void
answer_problem(struct ask *a, int status, const char *field, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	answer_text(a, status, field, text);
}

/* The name of a parameter with which the text begins, as "limit: expected..."; "" when it does not.
 */
static void
field_of(const struct contract_method *m, const char *text, char *field, size_t size)
{
	size_t n = strcspn(text, ": (");

	field[0] = '\0';
	for (size_t i = 0; m != NULL && i < m->nparams; i++) {
		if (span_is((struct span){ text, n }, m->params[i].name))
			snprintf(field, size, "%s", m->params[i].name);
	}
}

/* The text of an error without what the caller of HTTP does not know of: the method's name. */
static const char *
words_of(const struct contract_method *m, const char *text)
{
	static const char *const heads[] = { "parameter ", "unknown parameter " };
	size_t n = m == NULL ? 0 : strlen(m->name);

	if (m != NULL && strncmp(text, m->name, n) == 0 && strncmp(text + n, ": ", 2) == 0)
		text += n + 2;
	if (strncmp(text, heads[0], strlen(heads[0])) == 0)
		text += strlen(heads[0]);
	return text;
}

void
answer_error(struct ask *a, const struct error *e)
{
	static const int statuses[] = {
		[ERROR_NONE] = 500,
		[ERROR_INPUT] = 400,
		[ERROR_USAGE] = 400,
		[ERROR_SYSTEM] = 500,
		[ERROR_NOT_FOUND] = 404,
		[ERROR_LIMIT] = 422,
		[ERROR_BUSY] = 503,
		[ERROR_DISCONNECTED] = 503,
		[ERROR_REFUSED] = 409,
		[ERROR_FENCED] = 409,
		[ERROR_INTERNAL] = 500,
	};
	const char *text = words_of(a->method, e->text);
	char field[64];

	field_of(a->method, text, field, sizeof(field));
	/* where its socket is helps nobody out there; what is missing and what they may not see are the same,
	 * to the letter */
	if (e->code == ERROR_DISCONNECTED)
		text = "a service behind this is away";
	else if (e->code == ERROR_NOT_FOUND)
		text = "nothing of that name is here for this token";
	answer_text(a, statuses[e->code],
	    e->code != ERROR_NOT_FOUND && field[0] != '\0' ? field : NULL, text);
}
