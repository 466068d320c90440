#include "forward.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "duration.h"
#include "jsontree.h"
#include "memory.h"
#include "request.h"
#include "stream.h"

/* A service that does not answer for so long is at fault; its caller has mostly given up by then. */
#define LIMIT (60 * SECOND)

/* A connection of ours, and what it has to the service. */
struct caller {
	struct forward *forward;
	uint64_t number;
	struct client *client;
	struct passage *passages;
	struct caller *next, **at;
};

struct forward {
	struct loop *loop;
	const char *address;
	struct service service;
	struct service_method *methods;
	struct caller *callers;
	struct client *events; /* what is posted has no answer, and no connection of its own */
};

/* A request on its way. */
struct passage {
	struct caller *caller;
	struct request *request;
	const struct contract_method *row;
	struct bytes data; /* that came with it so far */
	struct passage *next, **at;
};

/* ---- connections */

static struct caller *
caller_of(struct forward *r, uint64_t number, struct error *e)
{
	struct caller *c = r->callers;

	while (c != NULL && c->number != number)
		c = c->next;
	if (c != NULL)
		return c;
	c = xmalloc(sizeof(*c));
	*c = (struct caller){ .forward = r, .number = number, .next = r->callers, .at = &r->callers };
	c->client = client_open(r->loop, r->address, NULL, NULL, e);
	if (c->client == NULL) {
		free(c);
		return NULL;
	}
	if (c->next != NULL)
		c->next->at = &c->next;
	r->callers = c;
	return c;
}

/* Nobody waits for its answers any more, but they are to be given. */
static void
caller_free(struct caller *c)
{
	while (c->passages != NULL)
		request_fail(c->passages->request, "disconnected", "the caller has left");
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	client_close(c->client);
	free(c);
}

static void
gone(void *self, uint64_t connection)
{
	struct forward *r = self;

	for (struct caller *c = r->callers; c != NULL; c = c->next) {
		if (c->number == connection) {
			caller_free(c);
			return;
		}
	}
}

/* ---- requests */

static void
passage_free(void *state)
{
	struct passage *p = state;

	*p->at = p->next;
	if (p->next != NULL)
		p->next->at = p->at;
	bytes_free(&p->data);
	free(p);
}

/* Without what stands for something besides the line, which is put in anew. */
static void
plain_result(struct bytes *into, struct span result, const char *name)
{
	json_auto_t *tree = jsontree_read(result, NULL);

	json_object_del(tree, name);
	jsontree_write(into, tree);
}

static void
reply_data(struct passage *p, struct span result)
{
	AUTO_BYTES plain = { 0 };

	plain_result(&plain, result, "data");
	request_reply_data(p->request, (struct span){ plain.data, plain.len },
	    client_data(p->caller->client));
}

/* The descriptors of a reply go on; their number is put in anew. */
static void
reply_fds(struct passage *p, struct span result)
{
	AUTO_BYTES plain = { 0 };
	int fds[CONTRACT_FDS_LIMIT];
	int n = client_fds(p->caller->client, fds, CONTRACT_FDS_LIMIT);

	plain_result(&plain, result, "fds");
	request_reply_fds(p->request, (struct span){ plain.data, plain.len }, fds, n);
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

static bool
results_have_fds(const struct contract_method *row, struct span result)
{
	for (size_t i = 0; i < row->nresults; i++) {
		if (row->results[i].type == CONTRACT_FDS || strcmp(row->results[i].name, "fds") == 0)
			return message_integer(result, "fds", 0) > 0;
	}
	return false;
}

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct passage *p = arg;

	if (e->code != ERROR_NONE)
		request_fail_with(p->request, e);
	else if (contract_gives_data(p->row))
		reply_data(p, result);
	else if (!results_have_fds(p->row, result))
		request_reply(p->request, result);
	else if (request_carries_fds(p->request))
		reply_fds(p, result);
	else
		request_fail(p->request, "refused", "this link carries no descriptors");
}

static void
pass(struct passage *p)
{
	struct request *r = p->request;
	int fds[CONTRACT_FDS_LIMIT];
	/* whoever asked us knows whether it may be asked again */
	struct client_wish wish = { .again = CLIENT_ONCE, .limit = LIMIT,
		.data = { p->data.data, p->data.len }, .fds = fds };

	wish.nfds = request_fds(r, fds, CONTRACT_FDS_LIMIT);
	client_call(p->caller->client, p->row->name, request_params(r), &wish, answered, p);
	for (int i = 0; i < wish.nfds; i++)
		close(fds[i]);
	request_forget(r);
}

static void
data(void *self, struct request *r, struct span piece, uint64_t left)
{
	struct passage *p = request_kept(r);

	(void)self;
	bytes_add(&p->data, piece.p, piece.n);
	if (left == 0)
		pass(p);
}

static void
call(void *self, struct request *r)
{
	struct forward *f = self;
	struct error e;
	const struct contract_method *row = request_row(r);
	struct caller *c;
	struct passage *p;

	if (row->stream) {
		stream_open(f->loop, f->address, r);
		return;
	}
	c = caller_of(f, request_connection(r), &e);
	if (c == NULL) {
		request_fail_with(r, &e);
		return;
	}
	p = xmalloc(sizeof(*p));
	*p = (struct passage){ .caller = c, .request = r, .row = row, .next = c->passages,
		.at = &c->passages };
	if (p->next != NULL)
		p->next->at = &p->next;
	c->passages = p;
	request_keep(r, p, passage_free);
	if (!contract_brings_data(row))
		pass(p);
}

static int
event(void *self, const struct link_peer *peer, const struct message *m, struct error *e)
{
	struct forward *r = self;
	AUTO_BYTES line = { 0 };

	(void)peer;
	bytes_add(&line, m->line.p, m->line.n);
	bytes_char(&line, '\n');
	return client_post(r->events, (struct span){ line.data, line.len }) == 0 ? 0 :
	    error_set(e, ERROR_DISCONNECTED, "%s: nobody takes the event", r->address);
}

/* ---- the service as others see it */

const struct service *
forward_service(const struct forward *r)
{
	return &r->service;
}

struct forward *
forward_new(struct loop *loop, const struct contract_service *contract, const char *address, struct error *e)
{
	struct forward *r = xmalloc(sizeof(*r));

	*r = (struct forward){ .loop = loop, .address = address,
		.methods = xmalloc(contract->nmethods * sizeof(struct service_method)) };
	for (size_t i = 0; i < contract->nmethods; i++)
		r->methods[i] = (struct service_method){ contract->methods[i].name, call };
	r->service = (struct service){ .contract = contract, .methods = r->methods,
		.nmethods = contract->nmethods, .data = data, .gone = gone };
	if (contract == &contract_events)
		r->service.event = event;
	r->events = client_open(loop, address, NULL, NULL, e);
	if (r->events != NULL)
		return r;
	forward_free(r);
	return NULL;
}

void
forward_free(struct forward *r)
{
	if (r == NULL)
		return;
	while (r->callers != NULL)
		caller_free(r->callers);
	client_close(r->events);
	free(r->methods);
	free(r);
}
