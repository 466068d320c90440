#include "connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "rpc.h"
#include "scan.h"

/* Between two lines that are told of. */
#define TELL_PAUSE SECOND

void
connection_send(struct connection *c, const struct bytes *lines)
{
	/* a peer that lets LINK_BUFFER fill up although reading paused long before asks for it */
	if (link_send(c->link, lines->data, lines->len) < 0)
		link_finish(c->link);
}

void
connection_send_fds(struct connection *c, const struct bytes *line, const int *fds, int nfds)
{
	/* the copies could not be made, or the peer lets everything wait */
	if (link_send_fds(c->link, line->data, line->len, fds, nfds) < 0)
		link_finish(c->link);
}

/* A line that nobody can be told of. Not each of many: one that writes garbage fills no log. */
static void
tell(struct connection *c, uint64_t number, const char *text)
{
	struct connection_notes *n = c->notes;
	AUTO_BYTES said = { 0 };
	int64_t now = kernel.now();

	if (n->tell == NULL)
		return;
	if (n->told > 0 && now - n->told < TELL_PAUSE) {
		n->untold++;
		return;
	}
	bytes_format(&said, "%s: line %" PRIu64 ": ", c->address != NULL ? c->address : "-", number);
	bytes_text(&said, text);
	if (n->untold > 0)
		bytes_format(&said, " (and %" PRIu64 " more lines before it were wrong)", n->untold);
	n->told = now;
	n->untold = 0;
	n->tell(n->arg, bytes_string(&said));
}

void
connection_report(struct connection *c, uint64_t number, const char *name, const char *text)
{
	AUTO_BYTES line = { 0 };

	if (!link_answers(c->link)) {
		tell(c, number, text);
		return;
	}
	rpc_complaint(&line, number, name, text);
	connection_send(c, &line);
}

static void
reply_error(struct connection *c, struct span id, const char *name, const char *text)
{
	AUTO_BYTES line = { 0 };

	if (!link_answers(c->link)) {
		tell(c, link_line_number(c->link), text);
		return;
	}
	rpc_refusal(&line, id, contract_error(name), text);
	connection_send(c, &line);
}

void
connection_refuse(struct connection *c, struct span id, const char *name, const char *text)
{
	if (id.n > 0)
		reply_error(c, id, name, text);
	else
		connection_report(c, link_line_number(c->link), name, text);
}

static void
close_if_done(struct connection *c)
{
	if (c->ended && c->open == 0 && !c->stream && link_flush(c->link) == 0)
		link_close(c->link);
}

/* Further lines wait while as many requests are open as may be. */
static void
pause_if_full(struct connection *c)
{
	link_pause(c->link, (c->finished && c->data == NULL) || c->open >= CONNECTION_REQUESTS ||
	    c->bytes >= CONNECTION_PARAMS);
}

void
connection_opened(struct connection *c, size_t bytes)
{
	c->open++;
	c->bytes += bytes;
	pause_if_full(c);
}

void
connection_answered(struct connection *c, size_t bytes)
{
	c->open--;
	c->bytes -= bytes;
	pause_if_full(c);
	close_if_done(c);
}

void
connection_eased(struct connection *c, size_t bytes)
{
	c->bytes -= bytes;
	pause_if_full(c);
}

void
connection_finish(struct connection *c)
{
	c->ended = c->finished = true;
	pause_if_full(c);
	close_if_done(c);
}

/*
 * A line that is no message. When it is JSON with "jsonrpc" it was meant as a request: it gets a
 * reply, with its id if that is usable; else a line of type error.
 */
static void
bad_line(struct connection *c, struct span line, const struct error *why)
{
	struct scan_value v;
	struct span id = { NULL, 0 };
	enum scan_type type;

	if (scan_check(line.p, line.n, &type, NULL) < 0) {
		connection_report(c, link_line_number(c->link), "not-json", why->text);
		return;
	}
	if (type != SCAN_OBJECT || message_member(line.p, line.n, "jsonrpc", &v, NULL) != 1) {
		connection_report(c, link_line_number(c->link), "invalid-request", why->text);
		return;
	}
	if (message_member(line.p, line.n, "id", &v, NULL) == 1 &&
	    (v.type == SCAN_STRING || v.type == SCAN_NUMBER))
		id = v.raw;
	reply_error(c, id, "invalid-request", why->text);
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct connection *c = arg;
	struct message m;
	struct error e;
	bool message = message_read(&m, line.p, line.n, &e) == 0;

	if (message && (m.kind == MESSAGE_REQUEST || m.kind == MESSAGE_EVENT)) {
		c->events->message(c, &m, fds, nfds);
		return;
	}
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message)
		connection_report(c, link_line_number(l), "invalid-request",
		    m.kind == MESSAGE_SPEC ? "expected a request or an event, found a spec" :
		    "expected a request or an event, found a reply");
	else
		bad_line(c, line, &e);
}

static void
data_came(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct connection *c = arg;

	(void)l;
	c->events->data(c, piece, left);
}

static void
too_long(void *arg, struct link *l, uint64_t number, struct span head)
{
	char text[80];

	(void)l;
	(void)head;
	snprintf(text, sizeof(text), "the line is longer than %d bytes", LINE_LIMIT);
	connection_report(arg, number, "not-json", text);
}

static void
crowded_out(void *arg, struct link *l, uint64_t number)
{
	(void)l;
	connection_report(arg, number, "limit", "the line was dropped: the lines of all connections that "
	    "have not come whole take too much memory, and this one is the oldest");
}

static void
drained(void *arg, struct link *l)
{
	(void)l;
	close_if_done(arg);
}

static void
ended(void *arg, struct link *l, const struct error *why)
{
	struct connection *c = arg;

	if (why->code == ERROR_INPUT)
		connection_report(c, link_line_number(l) + 1, "not-json", why->text);
	c->ended = true;
	close_if_done(c);
}

static void
stream_closed(struct connection *c)
{
	if (c->closed != NULL)
		c->closed(c->closed_arg, c->link);
	c->closed = NULL;
}

static void
lost(void *arg, struct link *l, const struct error *why)
{
	(void)l;
	(void)why;
	stream_closed(arg);
}

/* A stream's link is freed in its owner's hands: the connection goes with it. */
static void
released(void *arg)
{
	struct connection *c = arg;

	c->events->gone(c);
	free(c);
}

static const struct link_events link_events = {
	.line = line_came,
	.data = data_came,
	.too_long = too_long,
	.crowded_out = crowded_out,
	.drained = drained,
	.ended = ended,
	.closed = lost,
};

struct connection *
connection_new(struct loop *loop, int in, int out, const struct connection_events *events, void *arg,
    struct connection_notes *notes, struct error *e)
{
	struct connection *c = xmalloc(sizeof(*c));

	*c = (struct connection){ .events = events, .arg = arg, .notes = notes };
	c->link = link_take(loop, in, out, &link_events, c, e);
	if (c->link == NULL) {
		close(in);
		if (out >= 0 && out != in)
			close(out);
		free(c);
		return NULL;
	}
	link_on_release(c->link, released, c);
	link_bound(c->link);
	return c;
}

void
connection_close(struct connection *c)
{
	stream_closed(c);
	link_close(c->link);
}
