#include "change.h"

#include <stdlib.h>

#include "memory.h"

static void
drop(struct change *c)
{
	json_decref(c->given);
	json_decref(c->result);
	free(c->state);
	free(c);
}

static int
work(void *arg, struct database *db, struct error *e)
{
	struct change *c = arg;

	return c->work(c, db, e);
}

static void
settled(void *arg, bool kept)
{
	struct change *c = arg;

	if (c->settled != NULL)
		c->settled(c, kept);
}

static void
done(void *arg, const struct error *e)
{
	struct change *c = arg;
	AUTO_BYTES result = { 0 };

	if (c->result != NULL)
		jsontree_write(&result, c->result);
	if (e->code == ERROR_NONE)
		request_reply(c->request, (struct span){ result.data, result.len });
	else
		request_fail_with(c->request, e);
	drop(c);
}

struct change *
change_new(struct store *s, struct request *r,
    int (*doing)(struct change *c, struct database *db, struct error *e))
{
	struct span params = request_params(r);
	struct change *c = xmalloc(sizeof(*c));
	struct error e;

	*c = (struct change){ .store = s,
		.request = r,
		.method = request_row(r)->name,
		.work = doing,
		.write = { .work = work, .done = done, .settled = settled, .arg = c } };
	c->given = jsontree_read(params.n > 0 ? params : (struct span){ "{}", 2 }, &e);
	if (c->given != NULL) {
		request_forget(r);
		return c;
	}
	request_fail_with(r, &e);
	drop(c);
	return NULL;
}

void
change_write(struct change *c)
{
	writer_give(c->store->writer, &c->write);
}

void
change_give(struct store *s, struct request *r,
    int (*doing)(struct change *c, struct database *db, struct error *e))
{
	struct change *c = change_new(s, r, doing);

	if (c != NULL)
		change_write(c);
}

const char *
change_text(const struct change *c, const char *name)
{
	return json_string_value(json_object_get(c->given, name));
}
