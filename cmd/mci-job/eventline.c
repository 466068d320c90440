#include "eventline.h"

#include "emit.h"

struct bytes *
eventline_open_of(struct report *r, const char *type, const char *job, int attempt)
{
	struct bytes *b = &r->out;

	if (!r->events || r->lost)
		return NULL;
	emit_event(b, type);
	/* an id needs no escapes */
	bytes_text(b, ",\"job\":\"");
	bytes_text(b, job);
	bytes_text(b, "\",\"attempt\":");
	bytes_number(b, attempt);
	return b;
}

struct bytes *
eventline_open(struct attempt *a, const char *type)
{
	return eventline_open_of(&a->site->report, type, a->spec.id, a->spec.attempt);
}

void
eventline_ports(struct bytes *b, const struct spec *spec, const struct runner_job *place)
{
	if (spec->nexpose == 0)
		return;
	emit_text(b, "address", "127.0.0.1");
	emit_key(b, "ports");
	for (size_t i = 0; i < spec->nexpose; i++)
		bytes_format(b, "%c\"%d\":%d", i == 0 ? '{' : ',', spec->expose[i],
		    place->ports != NULL ? place->ports[i] : spec->expose[i]);
	bytes_char(b, '}');
}
