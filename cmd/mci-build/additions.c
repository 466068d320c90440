#include "additions.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"

#define LOOK (20 * MILLISECOND) /* between two looks at whether the filters are done */

struct addition {
	struct addition *next;
	struct request *request;
	char *id;  /* raw JSON of its id; NULL: a filter is to give it one */
	bool made; /* a job came of it */
};

/* Takes it out and answers. What was answered is in the file: a kill costs nothing that somebody was told
 * of. */
static void
answer(struct additions *a, struct addition **at, const struct error *why)
{
	struct addition *one = *at;
	AUTO_BYTES result = { 0 };
	struct error e;

	*at = one->next;
	if (why == NULL && journal_store(a->journal, &e) < 0)
		why = &e;
	emit_open(&result);
	if (one->id != NULL)
		emit_raw(&result, "id", (struct span){ one->id, strlen(one->id) });
	bytes_char(&result, '}');
	if (why != NULL)
		request_fail(one->request, "invalid-params", "%s", why->text);
	else
		request_reply(one->request, (struct span){ result.data, result.len });
	free(one->id);
	free(one);
}

/* The addition that a line which came out belongs to: that of its id, else the oldest; NULL when none
 * waits. */
static struct addition **
addition_of(struct additions *a, struct span line)
{
	struct scan_value id;

	if (message_member(line.p, line.n, "id", &id, NULL) > 0) {
		for (struct addition **at = &a->first; *at != NULL; at = &(*at)->next) {
			if ((*at)->id != NULL && span_is(id.raw, (*at)->id))
				return at;
		}
	}
	return a->first == NULL ? NULL : &a->first;
}

static int
line_came(void *arg, struct span line, struct error *e)
{
	struct additions *a = arg;
	struct addition **at = addition_of(a, line);
	struct scan_value id;
	struct error why;

	if (outcome_ends(a->outcome))
		return 0;
	if (intake_add(a->intake, line.p, line.n, &why) < 0) {
		if (at == NULL) {
			*e = why;
			return -1;
		}
		answer(a, at, &why);
		return 0;
	}
	if (at == NULL)
		return 0;
	(*at)->made = true;
	if ((*at)->id != NULL && message_member(line.p, line.n, "id", &id, NULL) > 0 &&
	    span_is(id.raw, (*at)->id))
		answer(a, at, NULL);
	return 0;
}

static void
failed(void *arg, const struct error *why, bool shown)
{
	struct additions *a = arg;

	(void)shown;
	outcome_break(a->outcome, EXIT_BUILD_ERROR, why);
	while (a->first != NULL)
		answer(a, &a->first, why);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static const struct through_events events = { .line = line_came, .failed = failed, .drained = nothing,
	.over = nothing };

/* The filters have had the time to say more: whoever still waits got other jobs than the one, or none. */
static void
look_due(void *arg)
{
	struct additions *a = arg;
	struct error e;

	a->timer = NULL;
	error_set(&e, ERROR_REFUSED, "the filters (through) made no job of it");
	while (a->first != NULL &&
	    (a->first->made ? !through_holds(&a->through) : through_rests(&a->through)))
		answer(a, &a->first, a->first->made ? NULL : &e);
	if (a->first != NULL)
		a->timer = loop_after(a->loop, LOOK, look_due, a);
}

static int
start(struct additions *a, struct error *e)
{
	if (a->through.n > 0)
		return 0;
	a->through = (struct through){ .loop = a->loop, .events = &events, .arg = a };
	if (filters_again(a->filters, &a->through, e) == 0)
		return 0;
	through_close(&a->through);
	return -1;
}

bool
additions_take(struct additions *a, struct request *r, struct span spec)
{
	struct addition *one, **last = &a->first;
	struct scan_value id;
	struct message m;
	struct error e;

	if (!filters_any(a->filters))
		return false;
	if (message_read(&m, spec.p, spec.n, &e) < 0 || (m.kind != MESSAGE_SPEC &&
	    error_set(&e, ERROR_INPUT, "type: unknown key") < 0) || start(a, &e) < 0) {
		request_fail(r, "invalid-params", "%s", e.text);
		return true;
	}
	one = xmalloc(sizeof(*one));
	*one = (struct addition){ .request = r };
	if (message_member(spec.p, spec.n, "id", &id, NULL) > 0)
		one->id = xmemdup(id.raw.p, id.raw.n);
	while (*last != NULL)
		last = &(*last)->next;
	*last = one;
	through_give(&a->through, spec);
	if (a->timer == NULL)
		a->timer = loop_after(a->loop, LOOK, look_due, a);
	return true;
}

void
additions_close(struct additions *a)
{
	struct error e;

	error_set(&e, ERROR_REFUSED, "the build has ended");
	loop_cancel(a->loop, a->timer);
	a->timer = NULL;
	while (a->first != NULL)
		answer(a, &a->first, &e);
	through_close(&a->through);
}
