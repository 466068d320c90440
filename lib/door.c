#include "door.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "emit.h"
#include "memory.h"
#include "rpc.h"

/* What a request asks for. */
struct target {
	const struct door_part *part;        /* NULL: the server itself */
	const struct contract_method *row;   /* NULL: none of these services is asked this */
	const struct service_method *method; /* NULL: the status of part, if it has one */
	bool known;                          /* there is somebody to answer it */
};

/* {...}: what a service says of itself. */
static int
emit_part(struct bytes *into, const struct door_part *p, struct error *e)
{
	emit_open(into);
	if (p->service->status(p->self, into, e) < 0)
		return -1;
	bytes_char(into, '}');
	return 0;
}

static int
emit_all(struct bytes *into, const struct door *d, struct error *e)
{
	emit_open(into);
	emit_key(into, "server");
	d->describe(d->arg, into);
	for (size_t i = 0; i < d->nparts; i++) {
		const struct door_part *p = &d->parts[i];

		if (p->service->status == NULL)
			continue;
		emit_key(into, p->service->contract->name);
		if (emit_part(into, p, e) < 0)
			return -1;
	}
	bytes_char(into, '}');
	return 0;
}

/* Of one service, or with part NULL of all. */
static void
answer_status(const struct door *d, const struct door_part *part, struct request *r)
{
	AUTO_BYTES result = { 0 };
	struct error e;

	if ((part == NULL ? emit_all(&result, d, &e) : emit_part(&result, part, &e)) < 0)
		request_fail_with(r, &e);
	else
		request_reply(r, (struct span){ result.data, result.len });
}

/* ---- where a line goes */

static const struct service_method *
method_find(const struct service *s, struct span name)
{
	for (size_t i = 0; i < s->nmethods; i++) {
		if (span_is(name, s->methods[i].name))
			return &s->methods[i];
	}
	return NULL;
}

static bool
is_status(struct span name)
{
	static const char verb[] = "/status";
	size_t n = sizeof(verb) - 1;

	return name.n > n && memcmp(name.p + name.n - n, verb, n) == 0;
}

static struct target
target_find(const struct door *d, struct span name)
{
	struct target t = { .row = contract_method(&contract_server, name) };

	for (size_t i = 0; i < d->nparts && t.row == NULL && t.part == NULL; i++) {
		if (contract_has_noun(d->parts[i].service->contract, name))
			t.part = &d->parts[i];
	}
	if (t.part != NULL) {
		t.row = contract_method(t.part->service->contract, name);
		t.method = method_find(t.part->service, name);
	}
	t.known = t.row != NULL && (t.part == NULL || t.method != NULL ||
	    (t.part->service->status != NULL && is_status(name)));
	return t;
}

/* "events", "events, log" */
static void
name_services(struct bytes *into, const struct door *d)
{
	bytes_text(into, d->nparts == 1 ? "service " : "services ");
	for (size_t i = 0; i < d->nparts; i++) {
		bytes_text(into, i > 0 ? ", " : "");
		bytes_text(into, d->parts[i].service->contract->name);
	}
}

/* The data is whole: nothing of it may go to the next request. */
static void
data_over(struct connection *c)
{
	c->data = NULL;
	connection_eased(c, 0);
}

static void
start(const struct door *d, struct connection *c, const struct target *t, struct request *r,
    uint64_t data)
{
	if (t->method == NULL) {
		answer_status(d, t->part, r);
		return;
	}
	if (contract_brings_data(t->row))
		c->data = r;
	t->method->call(t->part->self, r);
	if (c->data != NULL && data == 0) {
		data_over(c);
		t->part->service->data(t->part->self, r, (struct span){ NULL, 0 }, 0);
	}
}

static void
on_unknown(const struct door *d, struct connection *c, const struct message *m)
{
	AUTO_BYTES text = { 0 };

	bytes_add(&text, m->method.p, m->method.n > 64 ? 64 : m->method.n);
	bytes_text(&text, ": no method of the ");
	name_services(&text, d);
	connection_refuse(c, m->id, "unknown-method", bytes_string(&text));
}

/* Whether the descriptors were taken over. */
static bool
on_request(const struct door *d, struct connection *c, const struct message *m, int *fds, int nfds)
{
	struct target t = target_find(d, m->method);
	struct scan_value values[CONTRACT_PARAMS];
	struct request *r = NULL;
	struct error e;
	uint64_t data = t.row != NULL ? rpc_data(t.row, m->params) : 0;

	if (t.row != NULL)
		link_data(c->link, data);
	if (m->id.n > 0)
		c->asked = t.part;
	if (!t.known)
		on_unknown(d, c, m);
	else if (contract_check_params(t.row, m->params, values, &e) < 0)
		connection_refuse(c, m->id, "invalid-params", e.text);
	else if (m->id.n == 0 && contract_brings_data(t.row))
		connection_refuse(c, m->id, "invalid-request", "a request with data needs an id");
	else if ((r = request_new(d->requests, c, t.row, m, values, fds, nfds,
	    &e)) == NULL)
		connection_refuse(c, m->id, contract_error_for(e.code)->name, e.text);
	else
		start(d, c, &t, r, data);
	return r != NULL;
}

static void
on_event(const struct door *d, struct connection *c, const struct message *m)
{
	AUTO_BYTES names = { 0 };
	struct error e;

	for (size_t i = 0; i < d->nparts; i++) {
		const struct door_part *p = &d->parts[i];

		if (p->service->event == NULL)
			continue;
		if (p->service->event(p->self, link_peer(c->link), m, &e) < 0)
			connection_report(c, link_line_number(c->link), contract_error_for(e.code)->name,
			    e.text);
		return;
	}
	name_services(&names, d);
	error_set(&e, ERROR_REFUSED, "the %s takes no events", bytes_string(&names));
	connection_report(c, link_line_number(c->link), "refused", e.text);
}

void
door_message(const struct door *d, struct connection *c, const struct message *m, int *fds, int nfds)
{
	bool taken = false;

	if (m->kind == MESSAGE_REQUEST)
		taken = on_request(d, c, m, fds, nfds);
	else
		on_event(d, c, m);
	for (int i = 0; i < nfds && !taken; i++)
		close(fds[i]);
}

void
door_data(struct connection *c, struct span piece, uint64_t left)
{
	const struct door_part *p = c->asked;
	struct request *r = c->data;

	if (r == NULL)
		return;
	if (left == 0)
		data_over(c);
	p->service->data(p->self, r, piece, left);
}

/* Two services could not be told apart by what is asked of them. */
static int
check_apart(const struct service *a, const struct service *b, struct error *e)
{
	const struct contract_service *rows = a->contract;

	if (a->event != NULL && b->event != NULL)
		return error_set(e, ERROR_USAGE, "the services %s and %s both take events", rows->name,
		    b->contract->name);
	for (size_t i = 0; i < rows->nmethods; i++) {
		const char *name = rows->methods[i].name;

		if (contract_has_noun(b->contract, (struct span){ name, strlen(name) }))
			return error_set(e, ERROR_USAGE, "the services %s and %s both have methods such as "
			    "%s", rows->name, b->contract->name, name);
	}
	return 0;
}

int
door_add(struct door *d, const struct service *service, void *self, struct error *e)
{
	for (size_t i = 0; i < d->nparts; i++) {
		if (check_apart(service, d->parts[i].service, e) < 0)
			return -1;
	}
	d->parts = xrealloc(d->parts, d->nparts + 1, sizeof(*d->parts));
	d->parts[d->nparts++] = (struct door_part){ service, self };
	return 0;
}

void
door_gone(const struct door *d, struct connection *c)
{
	requests_lost(d->requests, c);
	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].service->gone != NULL)
			d->parts[i].service->gone(d->parts[i].self, c->number);
	}
}

void
door_finish(const struct door *d)
{
	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].service->finish != NULL)
			d->parts[i].service->finish(d->parts[i].self);
	}
}

bool
door_ends(const struct connection *c)
{
	const struct door_part *p = c->asked;

	return p != NULL && p->service->finish != NULL;
}

void
door_free(struct door *d)
{
	free(d->parts);
	*d = (struct door){ 0 };
}
