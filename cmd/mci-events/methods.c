#include "methods.h"

#include <inttypes.h>
#include <stdlib.h>

int
door_check(const struct hub_door *d, struct error *e)
{
	return d->prefix == NULL ? 0 : error_set(e, ERROR_REFUSED,
	    "this address is for publishing builds that begin with %s", d->prefix);
}

bool
door_open(const struct hub_door *d, struct request *r)
{
	struct error e;

	if (door_check(d, &e) == 0)
		return true;
	request_fail_with(r, &e);
	return false;
}

bool
door_writable(const struct hub_door *d, struct request *r)
{
	if (!d->read_only)
		return true;
	request_fail(r, "refused", "this address is read-only");
	return false;
}

/* The durable subscriber that a request names; NULL, and it is answered, when there is none. */
static struct durable *
durable_of(struct hub_door *d, struct request *r)
{
	const char *name = request_text(r, "name");
	struct durable *one;

	if (!door_open(d, r) || !door_writable(d, r))
		return NULL;
	one = durables_find(&d->hub->durables, name);
	if (one == NULL)
		request_fail(r, "not-found", "there is no durable subscriber '%.64s'", name);
	return one;
}

static void
answer_done(struct request *r, int result, const struct error *e)
{
	if (result < 0)
		request_fail_with(r, e);
	else
		request_reply(r, (struct span){ NULL, 0 });
}

static void
event_acknowledge(void *self, struct request *r)
{
	struct hub_door *d = self;
	const struct journal *j = &d->hub->journal;
	int64_t now = (int64_t)epochs_now(&j->epochs);
	int64_t epoch = request_integer(r, "epoch", now), offset = request_integer(r, "offset", 0);
	struct durable *one = durable_of(d, r);
	struct error e;

	if (one == NULL)
		return;
	/* what an older one knew, and was lost since, is not what stands there now */
	if (epoch >= 0 && epoch < now && offset >= 0)
		offset = (int64_t)epochs_clamp(&j->epochs, (uint64_t)epoch, (uint64_t)offset);
	if (epoch < 0 || epoch > now)
		request_fail(r, "invalid-params", "epoch: the log is in epoch %" PRId64, now);
	else if (offset < 0 || (uint64_t)offset > journal_tail(j))
		request_fail(r, "invalid-params", "offset: the newest event has offset %" PRIu64,
		    journal_tail(j));
	else
		answer_done(r, durable_acknowledge(one, (uint64_t)now, (uint64_t)offset, &e), &e);
}

static void
event_forget(void *self, struct request *r)
{
	struct hub_door *d = self;
	struct durable *one = durable_of(d, r);
	struct error e;

	if (one == NULL)
		return;
	if (one->subscriber != NULL)
		request_fail(r, "busy", "somebody reads as %s", one->name);
	else
		answer_done(r, durables_forget(&d->hub->durables, one, &e), &e);
}

static void
finish(void *self)
{
	const struct hub_door *d = self;

	hub_finish(d->hub);
}

static const struct service_method methods[] = {
	{ "event/publish", publish_request },
	{ "event/subscribe", subscribe_request },
	{ "event/acknowledge", event_acknowledge },
	{ "event/forget", event_forget },
};

const struct service hub_service = {
	.contract = &contract_events,
	.methods = methods,
	.nmethods = sizeof(methods) / sizeof(methods[0]),
	.event = publish_posted,
	.status = overview,
	.finish = finish,
};
