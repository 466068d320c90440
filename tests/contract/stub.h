/*
 * stub: a service on the rows of the build's API whose answers are fixed, so that every transport can be
 * held against the same text. What its params do:
 *   VERSION  answered at once      LATER  answered from a timer      NEVER  not answered
 *   LARGE    a result over the bound of a line
 */
#ifndef TESTS_CONTRACT_STUB_H
#define TESTS_CONTRACT_STUB_H

#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "server.h"

struct stub {
	struct loop *loop;
	int64_t events; /* how many were posted */
	int64_t dropped; /* streams whose reader went before their end */
};

static struct span
stub_span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

static void
stub_later(void *arg)
{
	request_reply(arg, stub_span("{\"value\":\"in time\"}"));
}

static void
stub_large(struct request *r)
{
	AUTO_BYTES result = { 0 };

	bytes_text(&result, "{\"value\":\"");
	memset(bytes_reserve(&result, LINE_LIMIT), 'x', LINE_LIMIT);
	result.len += LINE_LIMIT;
	bytes_text(&result, "\"}");
	request_reply(r, (struct span){ result.data, result.len });
}

static void
stub_param_get(void *self, struct request *r)
{
	struct stub *stub = self;
	const char *name = request_text(r, "name");

	if (strcmp(name, "VERSION") == 0)
		request_reply(r, stub_span("{\"value\":\"1.2.13\"}"));
	else if (strcmp(name, "LATER") == 0)
		loop_after(stub->loop, 20 * MILLISECOND, stub_later, r);
	else if (strcmp(name, "LARGE") == 0)
		stub_large(r);
	else if (strcmp(name, "NEVER") != 0)
		request_fail(r, "not-found", "there is no param '%s'", name);
}

static void
stub_output_set(void *self, struct request *r)
{
	(void)self;
	request_reply(r, (struct span){ NULL, 0 });
}

static void
stub_job_add(void *self, struct request *r)
{
	struct span spec = request_raw(r, "spec");
	struct scan_value id;

	(void)self;
	if (message_member(spec.p, spec.n, "id", &id, NULL) == 1) {
		AUTO_BYTES result = { 0 };

		emit_open(&result);
		emit_raw(&result, "id", id.raw);
		bytes_char(&result, '}');
		request_reply(r, (struct span){ result.data, result.len });
	} else {
		request_fail(r, "invalid-params", "spec.id: missing");
	}
}

static void
stub_build_get(void *self, struct request *r)
{
	struct stub *stub = self;
	AUTO_BYTES result = { 0 };

	emit_open(&result);
	bytes_format(&result, "\"id\":\"local/stub/%lld\",\"status\":\"running\"",
	    (long long)stub->events);
	bytes_format(&result, ",\"folder\":\"/stub\",\"dir\":\"/dropped/%lld\"}",
	    (long long)stub->dropped);
	request_reply(r, (struct span){ result.data, result.len });
}

static int
stub_event(void *self, const struct link_peer *peer, const struct message *m, struct error *e)
{
	struct stub *stub = self;

	(void)peer;
	if (!contract_type_ok(m->type))
		return error_set(e, ERROR_INPUT, "type: expected a name such as test/passed");
	if (contract_noun_reserved(m->type))
		return error_set(e, ERROR_REFUSED, "type: %.*s is not yours to say", (int)m->type.n,
		    m->type.p);
	stub->events++;
	return 0;
}

static void
stub_event_post(void *self, struct request *r)
{
	struct stub *stub = self;

	stub->events++;
	request_reply(r, (struct span){ NULL, 0 });
}

static void
stub_stream_closed(void *arg, struct link *l)
{
	struct stub *stub = arg;

	(void)l;
	stub->dropped++;
}

/* from 0: three records and the end; from 1: a record and no end; from 2: the link breaks without
 * one. */
static void
stub_event_subscribe(void *self, struct request *r)
{
	static const char record[] = "{\"type\":\"note/made\",\"time\":\"2026-11-23T18:00:00.123Z\"}\n";
	static const char end[] = "{\"type\":\"eof\",\"time\":\"2026-11-23T18:00:00.124Z\"}\n";
	int64_t from = request_integer(r, "from", 0);
	struct link *l = request_stream(r, (struct span){ NULL, 0 }, stub_stream_closed, self);
	int fd;

	if (l == NULL)
		return;
	fd = link_take_over(l);
	for (int i = 0; i < (from == 0 ? 3 : 1); i++)
		kernel_write_all(fd, record, sizeof(record) - 1);
	if (from == 0)
		kernel_write_all(fd, end, sizeof(end) - 1);
	if (from != 1)
		link_close(l);
}

static const struct service_method stub_methods[] = {
	{ "param/get", stub_param_get },
	{ "output/set", stub_output_set },
	{ "job/add", stub_job_add },
	{ "build/get", stub_build_get },
	{ "event/post", stub_event_post },
	{ "event/subscribe", stub_event_subscribe },
	{ "build/cancel", stub_output_set }, /* a row of another service: never reached */
};

static const struct service stub_service = {
	.contract = &contract_build,
	.methods = stub_methods,
	.nmethods = sizeof(stub_methods) / sizeof(stub_methods[0]),
	.event = stub_event,
};

#endif
