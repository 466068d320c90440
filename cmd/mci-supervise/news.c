#include "news.h"

#include <stdlib.h>

#include "memory.h"
#include "publisher.h"

/* That wait while the hub is away. */
#define LIMIT 1000

struct news {
	struct publisher *publisher;
	int64_t tag;
	void (*taken)(void *arg);
	void *arg;
};

static void
taken(void *arg, int64_t tag, int64_t repeats)
{
	const struct news *n = arg;

	(void)tag;
	(void)repeats;
	n->taken(n->arg);
}

static const struct publisher_events events = { .taken = taken };

struct news *
news_new(
    struct loop *loop, const char *address, void (*told)(void *arg), void *arg, struct error *e)
{
	struct news *n = xmalloc(sizeof(*n));

	*n = (struct news){ .taken = told, .arg = arg };
	n->publisher = publisher_new(loop, address, "os", &events, n, e);
	if (n->publisher != NULL)
		return n;
	free(n);
	return NULL;
}

void
news_post(struct news *n, const struct bytes *line)
{
	if (n == NULL || publisher_waiting(n->publisher) >= LIMIT || line->len > PUBLISHER_EVENT)
		return;
	publisher_add(n->publisher, (struct span){ line->data, line->len - 1 }, ++n->tag);
	publisher_go(n->publisher);
}

bool
news_waiting(const struct news *n)
{
	return n != NULL && publisher_waiting(n->publisher) > 0;
}

void
news_free(struct news *n)
{
	if (n == NULL)
		return;
	publisher_free(n->publisher);
	free(n);
}
