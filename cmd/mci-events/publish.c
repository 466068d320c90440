#include "methods.h"

#include <inttypes.h>
#include <string.h>

#include "scan.h"

int
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

void
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
