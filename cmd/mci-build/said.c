#include "said.h"

#include "bytes.h"
#include "duration.h"
#include "kernel.h"
#include "message.h"
#include "scan.h"

static int
busy(struct said *s, struct span line, struct error *e)
{
	struct scan_value value;
	AUTO_BYTES text = { 0 };
	int64_t ns;

	if (message_member(line.p, line.n, "for", &value, e) <= 0 || scan_text(&value, &text, e) < 0)
		return error_set(e, ERROR_INPUT, "for: script/busy needs a duration such as \"60s\"");
	if (duration_parse(text.data, text.len, &ns, e) < 0)
		return error_before(e, "for: ");
	if (posted_take(s->posted, line, true, e) < 0)
		return -1;
	s->busy_until = kernel.now() + ns;
	return 0;
}

void
said_params_hold(struct said *s)
{
	struct error e;

	if (!s->declares && declared_apply(s->declared, s->params, !s->plan, &e) < 0)
		outcome_break(s->outcome, EXIT_BUILD_USAGE, &e);
}

static int
declare(struct said *s, struct span line, bool came, struct error *e)
{
	struct scan_value list = { .raw = { NULL, 0 } };

	if (came || s->declared->any)
		return error_set(e, ERROR_INPUT, "script/params comes once, and before the first job");
	if (message_member(line.p, line.n, "params", &list, e) < 0)
		return -1;
	if (declared_read(s->declared, list.raw, e) < 0)
		return error_before(e, "params");
	if (!s->plan && posted_take(s->posted, line, true, e) < 0)
		return -1;
	said_params_hold(s);
	return 0;
}

int
said_take(struct said *s, struct span line, bool came, const struct error *spec, struct error *e)
{
	struct message m;

	if (message_read(&m, line.p, line.n, e) < 0)
		return -1;
	if (m.kind == MESSAGE_SPEC) {
		*e = *spec;
		return -1;
	}
	if (m.kind == MESSAGE_EVENT && span_is(m.type, "script/busy"))
		return busy(s, line, e);
	if (m.kind == MESSAGE_EVENT && span_is(m.type, "script/params"))
		return declare(s, line, came, e);
	return error_set(e, ERROR_INPUT, "expected a job; of events a script writes script/params and "
	    "script/busy alone");
}
