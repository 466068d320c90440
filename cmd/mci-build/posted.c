#include "posted.h"

#include <string.h>

#include "contract.h"
#include "emit.h"
#include "kernel.h"
#include "line.h"
#include "mask.h"
#include "memory.h"
#include "message.h"
#include "scan.h"
#include "spec.h"
#include "timestamp.h"

/* What seq, build and run may add to a line, and a hub: an event has to fit when it is read again. */
#define ENVELOPE 1024
/* More would make looking for doubles slow. */
#define MEMBERS 128

/* What nobody but mci sets. */
static const struct {
	const char *key, *by;
} reserved[] = {
	{ "seq", "mci-build" },
	{ "run", "mci-build" },
	{ "build", "mci-build" },
	{ "offset", "the hub" },
	{ "received", "the hub" },
};

/* An event while it is written anew. */
struct rewrite {
	const struct posted *by;
	struct bytes event;
	struct bytes names; /* of its members, each with a NUL behind it */
	size_t n;
};

static bool
is_double(struct rewrite *r, const char *name)
{
	const char *at = bytes_string(&r->names), *end = at + r->names.len;

	for (; at < end; at += strlen(at) + 1) {
		if (strcmp(at, name) == 0)
			return true;
	}
	return false;
}

static int
name_check(struct rewrite *r, const char *name, struct error *e)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strcmp(name, reserved[i].key) == 0)
			return error_set(e, ERROR_INPUT, "%s: is set by %s; leave it out", name,
			    reserved[i].by);
	}
	for (const char *c = name; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == '"' || *c == '\\')
			return error_set(e, ERROR_INPUT, "the name of a member may hold no quotes, "
			    "backslashes or control characters");
	}
	if (is_double(r, name))
		return error_set(e, ERROR_INPUT, "%s: the key comes twice", name);
	if (r->n++ == MEMBERS)
		return error_set(e, ERROR_LIMIT, "an event may have %d members", MEMBERS);
	bytes_add(&r->names, name, strlen(name) + 1);
	return 0;
}

/*
 * A word of a command line that is a secret with a '=' in it has become a name and a value, of which neither
 * is masked. The error says neither.
 */
static int
split_check(struct rewrite *r, const char *name, const struct scan_value *v, struct error *e)
{
	AUTO_BYTES word = { 0 };

	if (mask_empty(r->by->mask))
		return 0;
	bytes_text(&word, name);
	bytes_text(&word, v->type == SCAN_STRING ? "=" : ":=");
	if (v->type != SCAN_STRING)
		bytes_add(&word, v->raw.p, v->raw.n);
	else if (scan_text(v, &word, e) < 0)
		return -1;
	if (mask_finds(r->by->mask, word.data, word.len))
		return error_set(e, ERROR_REFUSED, "a secret stands where NAME=VALUE was expected, and was "
		    "split at its '='");
	return 0;
}

/* The members that are ours to write, and in our form. */
static int
own_add(struct rewrite *r, const struct message *m, struct error *e)
{
	int64_t time = kernel.wall();
	uint32_t job;

	if (m->time.p != NULL && timestamp_parse(m->time.p, m->time.n, &time, e) < 0)
		return error_before(e, "time: ");
	emit_open(&r->event);
	emit_span(&r->event, "type", m->type);
	emit_time(&r->event, "time", time);
	if (m->job.p == NULL)
		return 0;
	job = graph_find(r->by->graph, m->job.p, m->job.n);
	if (job == NO_JOB || !r->by->graph->jobs[job].declared)
		return error_set(e, ERROR_INPUT, "job: there is no job '%.*s' in this build",
		    (int)(m->job.n < SPEC_ID_LIMIT ? m->job.n : SPEC_ID_LIMIT), m->job.p);
	emit_text(&r->event, "job", r->by->graph->jobs[job].id);
	return 0;
}

static bool
is_own(const char *name)
{
	return strcmp(name, "type") == 0 || strcmp(name, "time") == 0 || strcmp(name, "job") == 0;
}

static int
member_add(struct rewrite *r, const struct scan_member *m, struct error *e)
{
	/* the key with its quotes, whatever escapes it is written with */
	const struct scan_value key = { SCAN_STRING, { m->key.p - 1, m->key.n + 2 } };
	AUTO_BYTES text = { 0 };
	const char *name;

	if (scan_text(&key, &text, e) < 0)
		return error_before(e, "the name of a member: ");
	name = bytes_string(&text);
	if (name_check(r, name, e) < 0)
		return -1;
	if (is_own(name))
		return 0;
	if (scan_carried(m->value.raw, e) < 0)
		return error_before(e, "%s: ", name);
	if (split_check(r, name, &m->value, e) < 0)
		return -1;
	emit_raw(&r->event, name, m->value.raw);
	return 0;
}

static int
members_add(struct rewrite *r, struct span line, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got = scan_open(&s, line.p, line.n, e);

	while (got >= 0 && (got = scan_next(&s, &m, e)) > 0)
		got = member_add(r, &m, e);
	bytes_char(&r->event, '}');
	if (got == 0 && r->event.len > LINE_LIMIT - ENVELOPE)
		return error_set(e, ERROR_LIMIT, "an event may have %d bytes", LINE_LIMIT - ENVELOPE);
	return got;
}

static int
type_check(const struct message *m, bool script, struct error *e)
{
	int shown = m->type.n < 128 ? (int)m->type.n : 128;

	if (m->kind != MESSAGE_EVENT || !contract_type_ok(m->type))
		return error_set(e, ERROR_INPUT, "type: expected a name such as test/passed");
	if (script && !span_is(m->type, "script/busy") && !span_is(m->type, "script/params"))
		return error_set(e, ERROR_REFUSED, "type: of events a script writes script/params and "
		    "script/busy alone");
	if (!script && contract_noun_reserved(m->type))
		return error_set(e, ERROR_REFUSED, "type: '%.*s' is for mci itself to say", shown,
		    m->type.p);
	return 0;
}

int
posted_take(const struct posted *p, struct span line, bool script, struct error *e)
{
	AUTO_BYTES masked = { 0 };
	struct rewrite r = { .by = p };
	struct message m;
	int result = -1;

	if (p->outcome->finished)
		return error_set(e, ERROR_REFUSED, "the build has ended");
	mask_json(p->mask, &masked, line.p, line.n);
	bytes_string(&masked);
	if (message_read(&m, masked.data, masked.len, e) == 0 && type_check(&m, script, e) == 0 &&
	    own_add(&r, &m, e) == 0 && members_add(&r, m.line, e) == 0) {
		journal_forward(p->journal, r.event.data, r.event.len);
		result = 0;
	}
	bytes_free(&r.event);
	bytes_free(&r.names);
	return result;
}
