#include <string.h>

#include "backend.h"

static const struct backend_type *const types[] = {
	&backend_folder,
	&backend_bucket,
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool
backend_is(const char *address)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (strncmp(address, types[i]->scheme, strlen(types[i]->scheme)) == 0)
			return true;
	}
	return false;
}

struct backend *
backend_open(const char *address, bool make, struct error *e)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (strncmp(address, types[i]->scheme, strlen(types[i]->scheme)) == 0)
			return types[i]->open(address, make, e);
	}
	error_set(e, ERROR_USAGE,
	    "%s: no store itself: expected file:DIR or s3://BUCKET/PREFIX (a server looks after its own)",
	    address);
	return NULL;
}

void
backend_close(struct backend *b)
{
	if (b != NULL)
		b->type->close(b);
}

int
backend_read(struct backend *b, const char *name, size_t limit, struct bytes *into, struct error *e)
{
	struct backend_object o;
	ssize_t got;

	if (b->type->stat(b, name, &o, e) < 0)
		return -1;
	if (o.size < 0 || (uint64_t)o.size > limit)
		return error_set(e, ERROR_LIMIT, "%s: has %lld bytes, more than %zu", name, (long long)o.size,
		    limit);
	got = b->type->get(b, name, 0, bytes_reserve(into, (size_t)o.size), (size_t)o.size, e);
	if (got < 0)
		return -1;
	into->len += (size_t)got;
	return 0;
}
