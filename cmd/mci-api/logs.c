#include "logs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "encoding.h"
#include "jsontree.h"
#include "logfeed.h"
#include "logrecord.h"
#include "memory.h"
#include "number.h"
#include "params.h"
#include "ranges.h"
#include "standing.h"

/* What waits in memory for a reader; more is left with the log server. */
#define BEHIND ((size_t)256 * 1024)

static const struct contract_field fields[] = {
	{ "build", CONTRACT_TEXT, true, "name of the build, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, true, "its id" },
	{ "run", CONTRACT_INTEGER, false, "of the build, from 1; the newest that has such a log" },
	{ "attempt", CONTRACT_INTEGER, false, "from 1; the last one" },
	{ "follow", CONTRACT_BOOL, false, "as it grows, until its end; false: what is there" },
	{ "from", CONTRACT_INTEGER, false, "the first byte; 0" },
	{ "every", CONTRACT_INTEGER, false, "lines from one offset to the next; 1000" },
	{ "q", CONTRACT_TEXT, false, "what to look for" },
	{ "regex", CONTRACT_BOOL, false, "q is an expression of grep -E; false" },
	{ "ignore-case", CONTRACT_BOOL, false, "letters of either case are the same; false" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many lines, 1 to 10000; 1000" },
};
const struct contract_method logs_takes = { .name = "log/get", .params = fields,
	.nparams = sizeof(fields) / sizeof(fields[0]) };

const char *
logs_address(const struct ask *a)
{
	static const char method[] = "log/read";

	return gateway_place(a->gateway, (struct span){ method, sizeof(method) - 1 })->address;
}

/* ---- which log */

struct search {
	logs_found *found;
};

static char *
build_of(const struct ask *a)
{
	AUTO_BYTES name = { 0 };

	bytes_format(&name, "%s/%s/%s", params_value(a, "org"), params_value(a, "repo"),
	    params_value(a, "number"));
	return xstrdup(bytes_string(&name));
}

static void
got(struct ask *a, struct span result, const struct error *e)
{
	struct search *s = a->state;
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	struct logs_name name = { .run = 0 };
	logs_found *found = s->found;

	a->state = NULL;
	a->drop = NULL;
	free(s);
	if (tree == NULL) {
		answer_error(a, e);
		return;
	}
	name = (struct logs_name){ .build = build_of(a),
		.job = xstrdup(params_value(a, "job")),
		.run = json_integer_value(json_object_get(tree, "run")),
		.attempt = json_integer_value(json_object_get(tree, "attempt")),
		.bytes = json_integer_value(json_object_get(tree, "bytes")),
		.packed = json_integer_value(json_object_get(tree, "packed")),
		.open = json_is_true(json_object_get(tree, "open")),
		.truncated = json_is_true(json_object_get(tree, "truncated")) };
	found(a, &name);
	free(name.build);
	free(name.job);
}

void
logs_find(struct ask *a, logs_found *found)
{
	AUTO_FREE char *build = build_of(a);
	static const char *const numbers[] = { "run", "attempt" };
	const char *run = params_query(a, "run"), *attempt = params_query(a, "attempt");
	struct search *s;
	AUTO_BYTES params = { 0 };

	if (params_read(a, &logs_takes, &params) < 0)
		return;
	/* 0 is what the log server takes for the newest */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *text = params_query(a, numbers[i]);

		if (text != NULL && strtoll(text, NULL, 10) < 1) {
			answer_problem(a, 400, numbers[i], "%s: expected a number from 1", numbers[i]);
			return;
		}
	}
	params.len = 0;
	emit_open(&params);
	emit_text(&params, "build", build);
	emit_text(&params, "job", params_value(a, "job"));
	if (run != NULL)
		emit_integer(&params, "run", strtoll(run, NULL, 10));
	if (attempt != NULL)
		emit_integer(&params, "attempt", strtoll(attempt, NULL, 10));
	bytes_char(&params, '}');
	s = xmalloc(sizeof(*s));
	*s = (struct search){ found };
	a->state = s;
	a->drop = free;
	ask_call(a, "log/get", (struct span){ params.data, params.len }, (struct span){ NULL, 0 }, got);
}

/* ---- its answer */

struct reading;

/* How the bytes are told. piece appends to out what a piece makes, end what belongs behind the last. */
struct form {
	const char *accept, *type;
	void (*piece)(struct reading *r, struct span piece, int64_t when);
	void (*end)(struct reading *r, bool truncated);
	bool lines; /* what goes before from cannot be left out: lines are counted */
	bool squeezed; /* for a client that takes that */
};

struct reading {
	struct exchange *x;
	struct logfeed *feed;
	const struct form *form;
	struct squeeze *squeeze; /* NULL: as they are */
	struct bytes out;
	size_t given;  /* of out */
	bool over, cut;
	/* of lines */
	struct bytes head, part; /* as logrecord_head has it; a line that has no end yet */
	int64_t number, when;    /* of that line */
	int64_t at;              /* bytes that were told */
};

static void
plain_piece(struct reading *r, struct span piece, int64_t when)
{
	(void)when;
	bytes_add(&r->out, piece.p, piece.n);
}

static void
plain_end(struct reading *r, bool truncated)
{
	(void)r;
	(void)truncated;
}

static void
line_over(struct reading *r, bool more)
{
	logrecord_write(&r->out, &(struct logrecord){ { r->head.data, r->head.len }, r->when, r->number, 0,
		{ r->part.data == NULL ? "" : r->part.data, r->part.len }, more, false });
	r->part.len = 0;
	r->number += !more;
}

/* A line's time is that of its first piece. */
static void
lines_piece(struct reading *r, struct span piece, int64_t when)
{
	while (piece.n > 0) {
		const char *end = memchr(piece.p, '\n', piece.n);
		size_t n = end == NULL ? piece.n : (size_t)(end - piece.p),
		    room = LOGRECORD_PIECE - r->part.len;

		if (r->part.len == 0)
			r->when = when;
		if (n > room) {
			size_t whole;

			bytes_add(&r->part, piece.p, room);
			whole = logrecord_whole(r->part.data, r->part.len);
			piece = (struct span){ piece.p + room - (r->part.len - whole),
			    piece.n - room + (r->part.len - whole) };
			r->part.len = whole;
			line_over(r, true);
			continue;
		}
		bytes_add(&r->part, piece.p, n);
		if (end == NULL)
			return;
		line_over(r, false);
		piece = (struct span){ end + 1, piece.n - n - 1 };
	}
}

static void
lines_end(struct reading *r, bool truncated)
{
	if (r->part.len > 0)
		line_over(r, false);
	emit_event(&r->out, "eof");
	emit_bool(&r->out, "truncated", truncated);
	bytes_text(&r->out, "}\n");
}

/* The same lines as events; an id is the offset behind the line, from which the next time goes on. */
static void
events_piece(struct reading *r, struct span piece, int64_t when)
{
	(void)when;
	while (piece.n > 0) {
		const char *end = memchr(piece.p, '\n', piece.n);
		size_t n = end == NULL ? piece.n : (size_t)(end - piece.p);

		bytes_add(&r->part, piece.p, n);
		r->at += (int64_t)n + (end != NULL);
		if (end == NULL)
			return;
		bytes_format(&r->out, "id: %lld\ndata: ", (long long)r->at);
		emit_string(&r->out, r->part.data == NULL ? "" : r->part.data, r->part.len);
		bytes_text(&r->out, "\n\n");
		r->part.len = 0;
		piece = (struct span){ end + 1, piece.n - n - 1 };
	}
}

static void
events_end(struct reading *r, bool truncated)
{
	bytes_format(&r->out, "event: eof\ndata: {\"truncated\":%s}\n\n", truncated ? "true" : "false");
}

static const struct form forms[] = {
	{ "text/plain", "text/plain; charset=utf-8", plain_piece, plain_end, false, true },
	{ "application/x-ndjson", "application/x-ndjson", lines_piece, lines_end, true, true },
	{ "text/event-stream", "text/event-stream", events_piece, events_end, false, false },
};

static void
bytes_came(void *arg, struct span piece, int64_t when)
{
	struct reading *r = arg;

	r->form->piece(r, piece, when);
	if (r->out.len - r->given >= BEHIND)
		logfeed_pause(r->feed, true);
	exchange_wake(r->x);
}

static void
feed_over(void *arg, bool truncated, const struct error *why)
{
	struct reading *r = arg;

	r->over = true;
	r->cut = why->code != ERROR_NONE;
	if (!r->cut)
		r->form->end(r, truncated);
	exchange_wake(r->x);
}

/* Takes off what waits into n bytes at p, in the way that the client takes it; how many, or -1. */
static ssize_t
give(struct reading *r, char *p, size_t n)
{
	struct span left = { r->out.data == NULL ? "" : r->out.data + r->given, r->out.len - r->given };
	ssize_t made;

	if (r->squeeze != NULL) {
		made = squeeze_take(r->squeeze, &left, r->over && !r->cut, p, n);
	} else {
		made = (ssize_t)(n < left.n ? n : left.n);
		memcpy(p, left.p, (size_t)made);
		left.n -= (size_t)made;
	}
	r->given = r->out.len - left.n;
	if (left.n == 0)
		r->given = r->out.len = 0;
	return made;
}

static ssize_t
read_out(void *arg, char *p, size_t n)
{
	struct reading *r = arg;
	ssize_t made = give(r, p, n);

	if (made < 0)
		return -2;
	if (made == 0)
		return r->over ? (r->cut ? -2 : -1) : 0;
	if (!r->over && r->out.len - r->given < BEHIND / 2)
		logfeed_pause(r->feed, false);
	return made;
}

static void
read_over(void *arg)
{
	struct reading *r = arg;

	logfeed_close(r->feed);
	squeeze_free(r->squeeze);
	bytes_free(&r->out);
	bytes_free(&r->head);
	bytes_free(&r->part);
	free(r);
}

static const struct form *
form_of(const struct ask *a)
{
	const char *accept = exchange_header(a->x, "Accept");

	for (size_t i = sizeof(forms) / sizeof(forms[0]) - 1; accept != NULL && i > 0; i--) {
		if (strstr(accept, forms[i].accept) != NULL)
			return &forms[i];
	}
	return &forms[0];
}

/* What of a log is sent, and how. */
struct sending {
	const struct form *form;
	enum encoding encoding;
	int64_t from, to; /* to -1: as it grows */
	int status;
};

/* What lies compressed is sent as it lies. */
static void
start(struct ask *a, const struct logs_name *name, const struct sending *s)
{
	static const struct logfeed_events events = { bytes_came, feed_over };
	static const struct exchange_source source = { read_out, read_over };
	bool packed = s->encoding == ENCODING_ZSTD && s->form == &forms[0] && name->packed > 0 &&
	    s->from == 0 && s->to == name->bytes;
	bool whole = packed || (s->to >= 0 && s->form == &forms[0] && s->encoding == ENCODING_NONE);
	const struct logfeed_wish wish = { name->build, name->job, name->run, name->attempt,
		s->form->lines ? 0 : s->from, packed ? name->packed : s->to, s->form->lines, packed };
	struct reading *r = xmalloc(sizeof(*r));
	struct error e;

	*r = (struct reading){ .x = a->x, .form = s->form, .number = 1, .at = s->from };
	logrecord_head(&r->head, name->build, name->job, (int)name->attempt);
	r->feed = logfeed_open(a->gateway->loop, logs_address(a), &wish, &events, r, &e);
	if (r->feed == NULL) {
		read_over(r);
		answer_error(a, &e);
		return;
	}
	answer_begin(a);
	if (!packed)
		r->squeeze = squeeze_new(s->encoding);
	if (s->encoding != ENCODING_NONE)
		exchange_add(a->x, "Content-Encoding", encoding_name(s->encoding));
	standing_stream(a, s->status, s->form->type, whole ? wish.to - wish.from : -1, &source, r);
}

static int64_t
first_byte(const struct ask *a)
{
	const char *last = exchange_header(a->x, "Last-Event-ID"), *from = params_query(a, "from");
	const char *text = last != NULL ? last : from;

	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

/* What the bytes of a log that has its end are known by, in this form. */
static void
etag_of(const struct logs_name *name, const struct sending *s, char etag[static 96])
{
	snprintf(etag, 96, "\"%lld-%lld-%lld-%d%s\"", (long long)name->run, (long long)name->attempt,
	    (long long)name->bytes, (int)(s->form - forms),
	    s->encoding == ENCODING_NONE ? "" : encoding_name(s->encoding));
}

/* Whether a range may be answered: of bytes as they are, and where it goes on with what the client has (RFC
 * 9110 section 13.1.5) that is still so. */
static bool
may_range(const struct ask *a, const struct logs_name *name, const struct sending *s)
{
	const char *of = exchange_header(a->x, "If-Range");
	char etag[96];

	if (s->form != &forms[0])
		return false;
	etag_of(name, &(struct sending){ .form = s->form }, etag);
	return of == NULL || (!name->open && strcmp(of, etag) == 0);
}

static void
send_stored(struct ask *a, const struct logs_name *name, struct sending *s)
{
	struct range wish;
	char text[96];
	bool part = may_range(a, name, s) && ranges_read(exchange_header(a->x, "Range"), &wish);
	bool none = part && !ranges_of(&wish, name->bytes, &s->from, &s->to);

	if (part && !none)
		s->encoding = ENCODING_NONE;
	exchange_add(a->x, "Accept-Ranges",
	    s->form == &forms[0] && s->encoding == ENCODING_NONE ? "bytes" : "none");
	if (none || s->from < 0 || s->from > name->bytes) {
		snprintf(text, sizeof(text), "bytes */%lld", (long long)name->bytes);
		exchange_add(a->x, "Content-Range", text);
		answer_problem(a, 416, NULL, "the log has %lld bytes", (long long)name->bytes);
		return;
	}
	etag_of(name, s, text);
	if (!name->open && params_query(a, "from") == NULL && answer_unchanged(a, text))
		return;
	if (part) {
		snprintf(text, sizeof(text), "bytes %lld-%lld/%lld", (long long)s->from,
		    (long long)s->to - 1, (long long)name->bytes);
		exchange_add(a->x, "Content-Range", text);
		s->status = 206;
	}
	start(a, name, s);
}

static void
found(struct ask *a, const struct logs_name *name)
{
	const char *follow = params_query(a, "follow");
	struct sending s = { .form = form_of(a), .from = first_byte(a), .to = name->bytes, .status = 200 };

	exchange_add(a->x, "Vary", "Accept-Encoding");
	if (s.form->squeezed)
		s.encoding = encoding_chosen(exchange_header(a->x, "Accept-Encoding"));
	if (name->truncated)
		exchange_add(a->x, "Mci-Truncated", "true");
	if (follow != NULL ? strcmp(follow, "true") == 0 : a->route->media == ROUTE_TEXT && name->open) {
		s.to = -1;
		start(a, name, &s);
		return;
	}
	send_stored(a, name, &s);
}

void
logs_get(struct ask *a)
{
	logs_find(a, found);
}
