#include "news.h"

#include <stdio.h>
#include <stdlib.h>

#include "address.h"
#include "connect.h"
#include "duration.h"
#include "memory.h"

/* How long after a failure the hub is tried again. */
#define RETRY (2 * SECOND)

struct news {
	struct loop *loop;
	struct address address;
	struct link *link;
	struct loop_timer *retry; /* it is not tried before */
	bool said;
};

static void
again(void *arg)
{
	struct news *n = arg;

	n->retry = NULL;
}

static void
failed(struct news *n, const char *why)
{
	n->link = NULL;
	if (n->retry == NULL)
		n->retry = loop_after(n->loop, RETRY, again, n);
	if (!n->said)
		fprintf(stderr, "mci-log: events are dropped: %s\n", why);
	n->said = true;
}

static void
closed(void *arg, struct link *l, const struct error *why)
{
	(void)l;
	failed(arg, why->code == ERROR_NONE ? "the hub closed the connection" : why->text);
}

static const struct link_events events = { .closed = closed };

struct news *
news_new(struct loop *loop, const char *address)
{
	struct news *n = xmalloc(sizeof(*n));

	n->loop = loop;
	if (address_parse(&n->address, address, NULL) == 0)
		return n;
	free(n);
	return NULL;
}

void
news_post(struct news *n, struct span line)
{
	struct error e;

	if (n == NULL)
		return;
	if (n->link == NULL && n->retry == NULL) {
		n->link = connect_open(n->loop, &n->address, &events, n, &e);
		if (n->link == NULL)
			failed(n, e.text);
		else
			n->said = false;
	}
	if (n->link != NULL && link_send(n->link, line.p, line.n) < 0) {
		link_close(n->link);
		failed(n, "the hub takes no more");
	}
}

void
news_free(struct news *n)
{
	if (n == NULL)
		return;
	loop_cancel(n->loop, n->retry);
	link_close(n->link);
	address_free(&n->address);
	free(n);
}
