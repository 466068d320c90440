#include "methods.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "scan.h"
#include "timestamp.h"

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
	struct filter *filter = filter_read(request_params(r), e);
	struct subscriber *s;
	int64_t heartbeat;

	if ((filter == NULL && e->code != ERROR_NONE) || heartbeat_of(r, &heartbeat, e) < 0 ||
	    (name != NULL ? place_durable(door, r, name, p, &durable, e) : place_from(h, r, p, e)) != 0) {
		filter_free(filter);
		return NULL;
	}
	s = xmalloc(sizeof(*s));
	*s = (struct subscriber){ .journal = &h->journal, .position = p->position, .filter = filter,
		.synced = span_is(request_raw(r, "synced"), "true"), .heartbeat = heartbeat,
		.durable = durable, .peer = *request_peer(r) };
	return s;
}

void
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
