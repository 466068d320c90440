#include "describe.h"

#include "emit.h"

void
describe_object(struct bytes *into, const struct object *o)
{
	emit_text(into, "name", o->name);
	emit_integer(into, "size", o->size);
	if (*o->sha256 != '\0')
		emit_text(into, "sha256", o->sha256);
	if (*o->etag != '\0')
		emit_text(into, "etag", o->etag);
	if (o->modified > 0)
		emit_time(into, "modified", o->modified);
}
