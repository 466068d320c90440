#include "dial.h"

#include "connect.h"

int
dial_init(struct dial *d, struct loop *loop, const char *address, const struct link_events *events,
    void (*due)(void *arg), void *arg, struct error *e)
{
	*d = (struct dial){ .loop = loop, .events = events, .due = due, .arg = arg };
	return address_parse(&d->address, address, e);
}

bool
dial_is_single(const struct dial *d)
{
	return d->address.kind == ADDRESS_STDIO || d->address.kind == ADDRESS_FD;
}

int
dial_now(struct dial *d, struct error *e)
{
	if (dial_is_single(d) && d->used)
		return error_set(e, ERROR_DISCONNECTED, "%s: the connection was lost", d->address.text);
	d->link = connect_open(d->loop, &d->address, d->events, d->arg, e);
	if (d->link == NULL)
		return -1;
	d->used = true;
	return 0;
}

static void
rested(void *arg)
{
	struct dial *d = arg;

	d->pause = NULL;
	d->due(d->arg);
}

void
dial_pause(struct dial *d)
{
	if (d->pause == NULL && !dial_is_single(d))
		d->pause = loop_after(d->loop, backoff_next(&d->backoff), rested, d);
}

void
dial_lost(struct dial *d)
{
	d->link = NULL;
}

void
dial_drop(struct dial *d)
{
	link_close(d->link);
	d->link = NULL;
	loop_cancel(d->loop, d->pause);
	d->pause = NULL;
}

void
dial_close(struct dial *d)
{
	dial_drop(d);
	address_free(&d->address);
}
