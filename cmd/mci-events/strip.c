#include "strip.h"

#include "emit.h"
#include "kernel.h"
#include "scan.h"

static void
add_members(struct bytes *into, const struct message *m)
{
	struct scan s;
	struct scan_member member;

	scan_open(&s, m->line.p, m->line.n, NULL);
	while (scan_next(&s, &member, NULL) > 0) {
		const char *end = member.value.raw.p + member.value.raw.n;

		if (span_is(member.key, "offset") || span_is(member.key, "received"))
			continue;
		/* an empty one is none */
		if (m->time.n == 0 && span_is(member.key, "time"))
			continue;
		if (into->data[into->len - 1] != '{')
			bytes_char(into, ',');
		bytes_add(into, member.from, (size_t)(end - member.from));
	}
}

void
strip_event(struct bytes *into, const struct message *m)
{
	if (m->time.n > 0 && m->offset.n == 0 && m->received.n == 0) {
		bytes_add(into, m->line.p, m->line.n);
		return;
	}
	emit_open(into);
	if (m->time.n == 0)
		emit_time(into, "time", kernel.wall());
	add_members(into, m);
	bytes_char(into, '}');
}
