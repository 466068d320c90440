#include "changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "publisher.h"
#include "query.h"
#include "verbs.h"

/* Rows that the hub has are removed together: one that is sent twice does no harm, a sync costs. */
#define REMOVE_AFTER SECOND

struct changes {
	struct loop *loop;
	struct writer *writer;
	struct database *reader;
	struct publisher *publisher;
	int64_t sent, taken, removed; /* row numbers: put on their way; in the hub; removed here */
	int64_t removing;
	bool busy; /* the write is given */
	struct loop_timer *timer;
	struct write write;
};

void
change_begin(struct bytes *event, const char *type, const char *build, int64_t run)
{
	emit_event(event, type);
	if (build != NULL)
		emit_text(event, "build", build);
	if (run > 0)
		emit_integer(event, "run", run);
}

int
change_add(struct bytes *event, struct database *db, struct error *e)
{
	AUTO_QUERY number = { 0 }, add = { 0 };
	int64_t id;

	query_begin(&number, db, STATEMENT_CHANGE_NEXT);
	query_integer(&number, kernel.wall() / 1000);
	if (query_next(&number, e) <= 0)
		return -1;
	id = query_column_integer(&number, 0);
	emit_integer(event, "change", id);
	bytes_char(event, '}');
	query_begin(&add, db, STATEMENT_CHANGE_ADD);
	query_integer(&add, id);
	query_span(&add, (struct span){ event->data, event->len });
	if (query_run(&add, e) < 0)
		return -1;
	event->len = 0;
	return 0;
}

/* ---- to the hub */

static void remove_later(struct changes *c);

static int
remove_rows(void *arg, struct database *db, struct error *e)
{
	struct changes *c = arg;
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_CHANGES_SENT);
	query_integer(&q, c->removing);
	return query_run(&q, e);
}

static void
rows_removed(void *arg, const struct error *e)
{
	struct changes *c = arg;

	c->busy = false;
	if (e->code == ERROR_NONE)
		c->removed = c->removing;
	remove_later(c);
}

static void
due(void *arg)
{
	struct changes *c = arg;

	c->timer = NULL;
	c->busy = true;
	c->removing = c->taken;
	writer_give(c->writer, &c->write);
}

static void
remove_later(struct changes *c)
{
	if (c->timer == NULL && !c->busy && c->taken > c->removed)
		c->timer = loop_after(c->loop, REMOVE_AFTER, due, c);
}

static void
taken(void *arg, int64_t tag, int64_t repeats)
{
	struct changes *c = arg;

	(void)repeats;
	c->taken = tag;
	remove_later(c);
}

static void
refused(void *arg, int64_t tag, const struct error *why)
{
	(void)arg;
	fprintf(stderr, PROGRAM ": change %" PRId64 ": the hub refused the event: %s\n", tag,
	    why->text);
}

static void
outage(void *arg, const struct error *why)
{
	(void)arg;
	if (why != NULL)
		fprintf(stderr, PROGRAM ": events wait for the hub: %s\n", why->text);
	else
		fprintf(stderr, PROGRAM ": the hub takes events again\n");
}

static void
room(void *arg)
{
	changes_go(arg);
}

/* Puts a page of rows on its way: how many. */
static int
send_page(struct changes *c)
{
	AUTO_QUERY q = { 0 };
	struct error e;
	int n = 0, got;

	query_begin(&q, c->reader, STATEMENT_CHANGES);
	query_integer(&q, c->sent);
	while ((got = query_next(&q, &e)) > 0) {
		c->sent = query_column_integer(&q, 0);
		publisher_add(c->publisher, query_column_span(&q, 1), c->sent);
		n++;
	}
	if (got < 0)
		fprintf(stderr, PROGRAM ": %s\n", e.text);
	return n;
}

void
changes_go(struct changes *c)
{
	if (c == NULL)
		return;
	while (!publisher_full(c->publisher) && send_page(c) > 0)
		;
	publisher_go(c->publisher);
}

struct changes *
changes_new(struct loop *loop, struct writer *writer, struct database *reader, const char *hub,
    struct error *e)
{
	static const struct publisher_events events = {
		.taken = taken, .refused = refused, .room = room, .outage = outage
	};
	struct changes *c = xmalloc(sizeof(*c));

	*c = (struct changes){ .loop = loop, .writer = writer, .reader = reader };
	c->write = (struct write){ .work = remove_rows, .done = rows_removed, .arg = c, .derived = true };
	c->publisher = publisher_new(loop, hub, "disk", &events, c, e);
	if (c->publisher != NULL)
		return c;
	changes_free(c);
	return NULL;
}

void
changes_free(struct changes *c)
{
	if (c == NULL)
		return;
	loop_cancel(c->loop, c->timer);
	publisher_free(c->publisher);
	free(c);
}
