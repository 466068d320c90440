#include "events.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cloudevent.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "params.h"
#include "standing.h"
#include "tap.h"
#include "textfile.h"

/* Proxies on the way drop a connection on which nothing comes. */
#define BEAT (15 * SECOND)

static const struct contract_field takes[] = {
	{ "org", CONTRACT_TEXT, false, "only of its builds" },
	{ "repo", CONTRACT_TEXT, false, "only of its builds, as ORG/REPO" },
	{ "build", CONTRACT_TEXT, false, "only of this build, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, false, "only of this job" },
	{ "type", CONTRACT_TEXT, false, "only these types, as globs with commas between them" },
	{ "from", CONTRACT_TEXT, false, "where to begin: now, start, EPOCH-OFFSET, an offset or a time" },
	{ "format", CONTRACT_TEXT, false, "cloudevents: as CloudEvents 1.0" },
};

const struct contract_method events_takes = {
	.name = "events", .help = "the hub's events, live", .params = takes,
	.nparams = sizeof(takes) / sizeof(takes[0]),
};

struct stream {
	struct ask *ask;
	struct tap_reader *reader;
	struct bytes out;  /* a line as it is told, not taken whole yet */
	size_t given;
	bool sse, cloud;
	bool beats;        /* a heartbeat is due */
	struct loop_timer *beat;
};

/* ---- what is told */

static void
write_sse(struct bytes *out, struct span line, const struct follow_place *place)
{
	if (place->offset > 0)
		bytes_format(out, "id: %lld-%lld\n", (long long)place->epoch, (long long)place->offset);
	else
		bytes_text(out, "event: gap\n");
	bytes_text(out, "data: ");
	bytes_add(out, line.p, line.n);
	bytes_text(out, "\n\n");
}

static void
write_line(struct stream *s, struct span line, const struct follow_place *place)
{
	AUTO_BYTES cloud = { 0 };
	struct message m;

	s->out.len = s->given = 0;
	if (s->cloud && place->offset > 0 && message_read(&m, line.p, line.n, NULL) == 0) {
		cloudevent_write(&cloud, &m);
		line = (struct span){ cloud.data, cloud.len - 1 };
	}
	if (s->sse) {
		write_sse(&s->out, line, place);
		return;
	}
	bytes_add(&s->out, line.p, line.n);
	bytes_char(&s->out, '\n');
}

/* Gives what is in out, as far as there is room. */
static size_t
give(struct stream *s, char *p, size_t n)
{
	size_t left = s->out.len - s->given;

	n = n < left ? n : left;
	if (n > 0)
		memcpy(p, s->out.data + s->given, n);
	s->given += n;
	return n;
}

static ssize_t
read_events(void *arg, char *p, size_t n)
{
	struct stream *s = arg;
	size_t done = give(s, p, n);
	struct follow_place place;
	struct span line;
	bool over = false;

	while (done < n && tap_next(s->reader, &line, &place, &over)) {
		write_line(s, line, &place);
		tap_taken(s->reader);
		done += give(s, p + done, n - done);
	}
	/* nothing of one that is idle stays */
	if (s->given == s->out.len) {
		bytes_free(&s->out);
		s->given = 0;
	}
	if (done == 0 && s->beats && s->sse) {
		memcpy(p, ":\n\n", 3);
		done = 3;
	}
	if (done > 0)
		s->beats = false;
	return done > 0 ? (ssize_t)done : over ? -2 : 0;
}

static void
wake(void *arg)
{
	struct stream *s = arg;

	exchange_wake(s->ask->x);
}

static void
beat(void *arg)
{
	struct stream *s = arg;

	s->beats = true;
	s->beat = loop_after(exchange_loop(s->ask->x), BEAT, beat, s);
	exchange_wake(s->ask->x);
}

static void
drop(void *state)
{
	struct stream *s = state;

	loop_cancel(exchange_loop(s->ask->x), s->beat);
	tap_close(s->reader);
	bytes_free(&s->out);
	free(s);
}

/* ---- what is asked for */

static bool
accepts(const struct ask *a, const char *type)
{
	const char *accept = exchange_header(a->x, "Accept");

	return accept != NULL && strcasestr(accept, type) != NULL;
}

/* "3-17", of Last-Event-ID: the event that was seen last. */
static bool
read_place(const char *text, struct follow_place *place)
{
	const char *dash = strchr(text, '-');

	return dash != NULL &&
	    number_parse(text, (size_t)(dash - text), 0, INT64_MAX, &place->epoch, NULL) == 0 &&
	    number_parse(dash + 1, strlen(dash + 1), 0, INT64_MAX - 1, &place->offset, NULL) == 0;
}

/* Where to begin. 0, or -1 and it is answered. */
static int
read_from(struct ask *a, struct follow_place *place, struct bytes *from)
{
	const char *last = exchange_header(a->x, "Last-Event-ID"), *text = params_query(a, "from");
	int64_t offset;

	if (last != NULL && *last != '\0') {
		if (read_place(last, place)) {
			place->offset++;
			return 0;
		}
		answer_problem(a, 400, "Last-Event-ID",
		    "Last-Event-ID: expected the id of an event, as 3-17");
		return -1;
	}
	if (text == NULL || strcmp(text, "now") == 0 || read_place(text, place))
		return 0;
	if (number_parse(text, strlen(text), 0, INT64_MAX, &offset, NULL) == 0)
		bytes_number(from, offset);
	else if (strcmp(text, "start") == 0 || (strlen(text) >= 20 && text[4] == '-'))
		emit_string(from, text, strlen(text));
	else {
		answer_problem(a, 400, "from",
		    "from: expected now, start, EPOCH-OFFSET, an offset or a time");
		return -1;
	}
	return 0;
}

/* "job/start,job/end" as an array. */
static void
emit_types(struct bytes *params, const char *text)
{
	bool first = true;

	emit_key(params, "types");
	bytes_char(params, '[');
	while (*text != '\0') {
		size_t n = strcspn(text, ",");

		if (n > 0) {
			bytes_text(params, first ? "" : ",");
			emit_string(params, text, n);
			first = false;
		}
		text += n + (text[n] == ',');
	}
	bytes_char(params, ']');
}

/* The parameters of event/subscribe. 0, or -1 and it is answered. */
static int
write_params(struct ask *a, struct bytes *params)
{
	const char *org = params_query(a, "org"), *repo = params_query(a, "repo"),
	    *build = params_query(a, "build"),
	    *job = params_query(a, "job"), *type = params_query(a, "type");
	AUTO_FREE char *prefix = NULL;

	if ((org != NULL) + (repo != NULL) + (build != NULL) > 1) {
		answer_problem(a, 400, repo != NULL ? "repo" : "org", "org, repo, build: one of them");
		return -1;
	}
	emit_open(params);
	if (org != NULL || repo != NULL)
		prefix = xformat("%s/", org != NULL ? org : repo);
	else if (build != NULL)
		prefix = xstrdup(build);
	if (prefix != NULL)
		emit_text(params, "build", prefix);
	/* what begins as the name of build 1 does is also of build 10 */
	if (build != NULL) {
		emit_key(params, "where");
		emit_open(params);
		emit_text(params, "build", build);
		bytes_char(params, '}');
	}
	if (job != NULL)
		emit_text(params, "job", job);
	if (type != NULL)
		emit_types(params, type);
	bytes_char(params, '}');
	return 0;
}

static void
begin(struct ask *a, struct span result, const struct error *e)
{
	static const struct exchange_source source = { .read = read_events };
	struct stream *s;
	struct tap_wish w = { .params = { a->params.data, a->params.len }, .wake = wake };
	AUTO_BYTES from = { 0 };
	struct error why;

	(void)result;
	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	if (read_from(a, &w.place, &from) < 0)
		return;
	w.from = (struct span){ from.data, from.len };
	s = xmalloc(sizeof(*s));
	*s = (struct stream){ .ask = a, .sse = accepts(a, "text/event-stream"),
		.cloud = params_query(a, "format") != NULL || accepts(a, "application/cloudevents") };
	w.arg = s;
	s->reader = tap_open(a->gateway->tap, &w, &why);
	if (s->reader == NULL) {
		free(s);
		answer_error(a, &why);
		return;
	}
	a->state = s;
	a->drop = drop;
	if (s->sse)
		s->beat = loop_after(exchange_loop(a->x), BEAT, beat, s);
	exchange_add(a->x, "X-Accel-Buffering", "no");
	exchange_add(a->x, "Cache-Control", "no-store");
	standing_stream(a, 200, s->sse ? "text/event-stream" :
	    "application/x-ndjson", -1, &source, s);
}

void
events_follow(struct ask *a)
{
	const char *format = params_query(a, "format");
	AUTO_BYTES params = { 0 };

	if (format != NULL && strcmp(format, "cloudevents") != 0) {
		answer_problem(a, 400, "format", "format: expected cloudevents");
		return;
	}
	if (write_params(a, &params) == 0)
		ask_check(a, "event/subscribe", (struct span){ params.data, params.len }, begin);
}

/* ---- what is posted */

static void
posted(struct ask *a, struct span result, const struct error *e)
{
	if (e->code != ERROR_NONE)
		answer_error(a, e);
	else
		answer_json(a, 200, result);
}

static int
read_event(struct span line, struct message *m, struct error *e)
{
	if (message_read(m, line.p, line.n, e) < 0)
		return -1;
	return m->kind == MESSAGE_EVENT ? 0 : error_set(e, ERROR_INPUT, "expected an event");
}

/* Lines as an array. 0, or -1 and it is answered. */
static int
gather(struct ask *a, struct bytes *events)
{
	struct textfile_lines lines = { .rest = exchange_body(a->x) };
	struct span line;
	struct message m;
	struct error e;

	bytes_char(events, '[');
	while (textfile_line(&lines, &line)) {
		if (line.n == 0)
			continue;
		if (read_event(line, &m, &e) < 0) {
			answer_problem(a, 400, NULL, "line %zu: %s", lines.number, e.text);
			return -1;
		}
		bytes_text(events, events->len > 1 ? "," : "");
		bytes_add(events, m.line.p, m.line.n);
	}
	bytes_char(events, ']');
	return 0;
}

void
events_post(struct ask *a)
{
	AUTO_BYTES events = { 0 }, params = { 0 };

	if (gather(a, &events) < 0)
		return;
	emit_open(&params);
	emit_raw(&params, "events", (struct span){ events.data, events.len });
	bytes_char(&params, '}');
	ask_call(a, "event/publish", (struct span){ params.data, params.len }, (struct span){ NULL, 0 },
	    posted);
}
