#include "methods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "scan.h"
#include "timestamp.h"

/* Whether this way in is for more than publishing a bound build, and whether it may leave something
 * behind; else the request is refused with that. */
static int
door_check(const struct hub_door *d, struct error *e)
{
	return d->prefix == NULL ? 0 : error_set(e, ERROR_REFUSED,
	    "this address is for publishing builds that begin with %s", d->prefix);
}

static bool
door_open(const struct hub_door *d, struct request *r)
{
	struct error e;

	if (door_check(d, &e) == 0)
		return true;
	request_fail_with(r, &e);
	return false;
}

static bool
door_writable(const struct hub_door *d, struct request *r)
{
	if (!d->read_only)
		return true;
	request_fail(r, "refused", "this address is read-only");
	return false;
}

/* ---- publishing: a bare event, and event/publish */

static int
publish_posted(void *self, const struct link_peer *peer, const struct message *m, struct error *e)
{
	struct hub_door *d = self;
	struct hub *h = d->hub;

	(void)peer;
	if (d->read_only)
		return error_set(e, ERROR_REFUSED, "this address is read-only");
	if (hub_accepts(h, e) < 0)
		return -1;
	switch (intake_take(&h->intake, m, d->prefix, e)) {
	case INTAKE_REFUSED:
		return -1;
	case INTAKE_REPEAT:
		h->repeats++;
		return 0;
	case INTAKE_TAKEN:
		hub_took(h);
		return 0;
	}
	return 0;
}

/* One event of a request: i is its place, -1 when it is the only one. */
static int
take_one(struct hub_door *d, struct span event, int64_t i, int64_t *repeats, struct error *e)
{
	struct message m;
	enum intake_answer got = INTAKE_REFUSED;

	if (message_read(&m, event.p, event.n, e) == 0)
		got = intake_take(&d->hub->intake, &m, d->prefix, e);
	*repeats += got == INTAKE_REPEAT;
	if (got != INTAKE_REFUSED)
		return 0;
	return i < 0 ? error_before(e, "event: ") : error_before(e, "events[%" PRId64 "]: ", i);
}

static int
take_all(struct hub_door *d, struct span list, int64_t *repeats, struct error *e)
{
	struct intake_mark mark = intake_mark(&d->hub->intake);
	struct scan s;
	struct scan_member m;
	int got = scan_open(&s, list.p, list.n, e);

	for (int64_t i = 0; got >= 0 && (got = scan_next(&s, &m, e)) > 0; i++)
		got = take_one(d, m.value.raw, i, repeats, e);
	if (got < 0)
		intake_undo(&d->hub->intake, mark);
	return got;
}

static int
take(struct hub_door *d, struct request *r, int64_t *repeats, struct error *e)
{
	struct span one = request_raw(r, "event"), list = request_raw(r, "events");

	if ((one.n > 0) == (list.n > 0))
		return error_set(e, ERROR_INPUT, "expected either event or events");
	if (hub_accepts(d->hub, e) < 0)
		return -1;
	return one.n > 0 ? take_one(d, one, -1, repeats, e) : take_all(d, list, repeats, e);
}

/* In the order of enum hub_level. */
static const char *const levels[] = { "none", "os", "disk" };
#define LEVELS ((int)(sizeof(levels) / sizeof(levels[0])))

/* 0, or -1 when the request asks for a level that there is not. */
static int
level_of(struct request *r, enum hub_level *level)
{
	const char *text = request_text(r, "sync");

	*level = HUB_OS;
	if (text == NULL)
		return 0;
	for (int i = 0; i < LEVELS; i++) {
		*level = (enum hub_level)i;
		if (strcmp(text, levels[i]) == 0)
			return 0;
	}
	return -1;
}

static void
publish_request(void *self, struct request *r)
{
	struct hub_door *d = self;
	struct hub *h = d->hub;
	enum hub_level level;
	int64_t repeats = 0;
	struct error e = { 0 };

	if (!door_writable(d, r))
		return;
	if (level_of(r, &level) < 0) {
		request_fail(r, "invalid-params", "sync: expected none, os or disk");
		return;
	}
	if (take(d, r, &repeats, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	h->repeats += repeats;
	hub_answer(h, r, level, repeats);
	hub_took(h);
}

/* ---- event/subscribe */

/* What is looked for, and what is found. */
struct place {
	uint64_t offset; /* asked for; what is served next */
	bool gone;
	struct position position;
};

/* An offset, as somebody learned it in that epoch (0: this one). */
static int
place_offset(struct hub *h, uint64_t epoch, struct place *p, struct error *e)
{
	uint64_t first = journal_first(&h->journal), end = journal_tail(&h->journal) + 1;
	uint64_t valid = epoch == 0 ? UINT64_MAX : epochs_valid_to(&h->journal.epochs, epoch);
	uint64_t asked = p->offset;

	/* others have been given offsets that were lost */
	if (p->offset > valid)
		p->offset = valid;
	if (p->offset > end)
		p->offset = end;
	if (p->offset < first)
		p->offset = first;
	p->gone = p->offset != asked;
	return journal_seek(&h->journal, p->offset, &p->position, e);
}

static int
place_time(struct hub *h, const char *text, struct place *p, struct error *e)
{
	int64_t ns;

	if (timestamp_parse(text, strlen(text), &ns, e) < 0)
		return error_before(e, "from: expected now, start, an offset or a time: ");
	if (journal_seek_time(&h->journal, ns, &p->position, e) < 0)
		return -1;
	p->offset = segment_offset(p->position.segment, p->position.at);
	return 0;
}

static int
place_from(struct hub *h, struct request *r, struct place *p, struct error *e)
{
	const char *text = request_text(r, "from");
	struct scan_value v = { SCAN_NUMBER, request_raw(r, "from") };
	int64_t epoch = request_integer(r, "epoch", 0), offset = 0;

	if (text != NULL && strcmp(text, "now") != 0 && strcmp(text, "start") != 0)
		return place_time(h, text, p, e);
	if (text != NULL && strcmp(text, "start") == 0) {
		p->offset = journal_first(&h->journal);
	} else if (text != NULL || v.raw.n == 0) {
		p->offset = journal_tail(&h->journal) + 1;
	} else {
		if (epoch < 0 || scan_integer(&v, 0, INT64_MAX, &offset, e) < 0)
			return error_before(e, "from: expected now, start, an offset or a time: ");
		/* nobody has ever seen offset 0: it is the start */
		p->offset = offset == 0 ? journal_first(&h->journal) : (uint64_t)offset;
	}
	return place_offset(h, (uint64_t)epoch, p, e);
}

static void subscribe_request(void *self, struct request *r);

/* The name is on the disk: as if it had always been there. */
static void
durable_there(void *self, struct request *r, const struct error *why)
{
	if (why->code == ERROR_NONE)
		subscribe_request(self, r);
	else
		request_fail_with(r, why);
}

/* A subscriber with a name goes on behind what it acknowledged; a new one begins where it says. 1: the
 * name is made first, and the request comes again. */
static int
place_durable(struct hub_door *door, struct request *r, const char *name, struct place *p,
    struct durable **durable, struct error *e)
{
	struct hub *h = door->hub;

	*durable = durables_find(&h->durables, name);
	if (*durable != NULL && (*durable)->subscriber != NULL)
		return error_set(e, ERROR_BUSY, "durable: somebody else reads as %s", name);
	if (*durable != NULL) {
		const bool *gone = request_kept(r);

		p->offset = (*durable)->offset + 1;
		if (place_offset(h, 0, p, e) < 0)
			return -1;
		p->gone |= gone != NULL && *gone;
		return 0;
	}
	if (place_from(h, r, p, e) < 0)
		return -1;
	journal_leave(&h->journal, &p->position);
	if (durables_make(&h->durables, name, epochs_now(&h->journal.epochs), p->offset - 1,
	    durable_there, door, r, e) < 0)
		return -1;
	request_keep(r, xmemdup(&p->gone, sizeof(p->gone)), free);
	return 1;
}

static int
heartbeat_of(struct request *r, int64_t *ns, struct error *e)
{
	struct scan_value v = { SCAN_NUMBER, request_raw(r, "heartbeat") };

	*ns = 0;
	if (v.raw.n == 0)
		return 0;
	if (scan_seconds(&v, ns, e) < 0 || *ns < 10 * MILLISECOND)
		return error_set(e, ERROR_INPUT, "heartbeat: expected seconds, at least 0.01");
	return 0;
}

/* A subscriber as the request wants it, at its place in the log; it has not joined. NULL without an
 * error: not yet. */
static struct subscriber *
subscriber_of(struct hub_door *door, struct request *r, struct place *p, struct error *e)
{
	struct hub *h = door->hub;
	const char *name = request_text(r, "durable");
	struct durable *durable = NULL;
	struct eventfilter *filter = eventfilter_read(request_params(r), e);
	struct subscriber *s;
	int64_t heartbeat;

	if ((filter == NULL && e->code != ERROR_NONE) || heartbeat_of(r, &heartbeat, e) < 0 ||
	    (name != NULL ? place_durable(door, r, name, p, &durable, e) : place_from(h, r, p, e)) != 0) {
		eventfilter_free(filter);
		return NULL;
	}
	s = xmalloc(sizeof(*s));
	*s = (struct subscriber){ .journal = &h->journal, .position = p->position, .filter = filter,
		.synced = request_flag(r, "synced"), .heartbeat = heartbeat,
		.durable = durable, .peer = *request_peer(r) };
	return s;
}

static void
subscribe_request(void *self, struct request *r)
{
	struct hub_door *d = self;
	struct hub *h = d->hub;
	struct place place = { 0 };
	struct subscriber *s;
	struct error e = { 0 };
	AUTO_BYTES result = { 0 };

	if (!door_open(d, r))
		return;
	if (d->read_only && request_text(r, "durable") != NULL && !door_writable(d, r))
		return;
	/* what came before the request is before the subscriber */
	hub_flush(h);
	s = subscriber_of(d, r, &place, &e);
	if (s == NULL) {
		if (e.code != ERROR_NONE)
			request_fail_with(r, &e);
		return;
	}
	emit_open(&result);
	emit_integer(&result, "epoch", (int64_t)epochs_now(&h->journal.epochs));
	emit_integer(&result, "offset", (int64_t)place.offset);
	emit_integer(&result, "first", (int64_t)journal_first(&h->journal));
	emit_integer(&result, "tail", (int64_t)journal_tail(&h->journal));
	emit_bool(&result, "gone", place.gone);
	bytes_char(&result, '}');
	s->link = request_stream(r, (struct span){ result.data, result.len }, audience_left, s);
	if (s->link == NULL) {
		subscriber_free(s);
	} else if (audience_join(&h->audience, s) < 0) {
		link_close(s->link);
		subscriber_free(s);
	}
}

/* ---- what a durable subscriber acknowledged */

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

/* ---- server/status */

static void
lag(struct bytes *b, const struct hub *h, uint64_t next)
{
	emit_integer(b, "offset", (int64_t)next);
	emit_integer(b, "lag", (int64_t)(journal_tail(&h->journal) + 1 - next));
}

static void
list_subscribers(struct bytes *b, const struct hub *h)
{
	bytes_text(b, ",\"subscribers\":[");
	for (const struct pump *p = h->audience.all.all; p != NULL; p = p->next) {
		const struct subscriber *s = p->arg;

		emit_open(b);
		lag(b, h, subscriber_offset(s));
		emit_integer(b, "bytes", s->given);
		if (s->peer.pid > 0)
			emit_integer(b, "pid", s->peer.pid);
		if (s->durable != NULL)
			emit_text(b, "durable", s->durable->name);
		bytes_text(b, p->next != NULL ? "}," : "}");
	}
	bytes_char(b, ']');
}

static void
list_durables(struct bytes *b, const struct hub *h)
{
	bytes_text(b, ",\"durables\":[");
	for (size_t i = 0; i < h->durables.n; i++) {
		const struct durable *d = h->durables.list[i];

		bytes_text(b, i > 0 ? "," : "");
		emit_open(b);
		emit_text(b, "name", d->name);
		lag(b, h, d->offset + 1);
		emit_bool(b, "connected", d->subscriber != NULL);
		bytes_char(b, '}');
	}
	bytes_char(b, ']');
}

static int
overview(void *self, struct bytes *b, struct error *e)
{
	const struct hub_door *d = self;
	struct hub *h = d->hub;
	int64_t now = kernel.now();

	if (door_check(d, e) < 0)
		return -1;
	hub_flush(h);
	emit_integer(b, "epoch", (int64_t)epochs_now(&h->journal.epochs));
	emit_integer(b, "first", (int64_t)journal_first(&h->journal));
	emit_integer(b, "tail", (int64_t)journal_tail(&h->journal));
	emit_integer(b, "synced", (int64_t)h->journal.synced);
	emit_integer(b, "bytes", h->journal.bytes);
	emit_integer(b, "segments", (int64_t)h->journal.segments);
	emit_integer(b, "builds", (int64_t)h->journal.builds.n);
	emit_integer(b, "published", h->published);
	emit_integer(b, "repeats", h->repeats);
	emit_integer(b, "rate", meter_rate(&h->meter, now));
	emit_integer(b, "delivered-rate", meter_rate(&h->audience.meter, now));
	list_subscribers(b, h);
	list_durables(b, h);
	return 0;
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
