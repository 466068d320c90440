#include "news.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "memory.h"

struct news {
	struct client *client;
	const char *program;
	bool refused; /* and it was said */
};

static void
outage(void *arg, const struct error *why)
{
	const struct news *n = arg;

	if (why != NULL)
		fprintf(stderr, "%s: events are dropped: %s\n", n->program, why->text);
}

static void
complaint(void *arg, const struct error *why)
{
	struct news *n = arg;

	if (!n->refused)
		fprintf(stderr, "%s: an event was refused, the first of all that are: %s\n", n->program,
		    why->text);
	n->refused = true;
}

static const struct client_events events = { .outage = outage, .complaint = complaint };

struct news *
news_new(struct loop *loop, const char *program, const char *address, struct error *e)
{
	struct news *n = xmalloc(sizeof(*n));

	n->program = program;
	n->client = client_open(loop, address, &events, n, e);
	if (n->client != NULL)
		return n;
	free(n);
	return NULL;
}

void
news_post(struct news *n, struct span line)
{
	if (n != NULL)
		(void)client_post(n->client, line);
}

void
news_free(struct news *n)
{
	if (n == NULL)
		return;
	client_close(n->client);
	free(n);
}
