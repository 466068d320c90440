#include "store.h"

#include <stdlib.h>

#include "entity.h"
#include "memory.h"
#include "option.h"
#include "schema.h"
#include "verbs.h"

/* The disk did not take what was to be there for good. */
static void
fatal(void *arg, const struct error *e)
{
	struct store *s = arg;

	option_complain(PROGRAM, e);
	loop_stop(s->loop, 125);
}

static int
prepare(struct database *db, struct error *e)
{
	size_t n;
	const struct statement *made = entity_statements(&n);

	return database_prepare(db, made, n, e);
}

static int
open_writer(struct store *s, const struct store_keys *keys, struct error *e)
{
	struct database *db = database_open(s->path, true, e);

	if (db == NULL)
		return -1;
	if (schema_bring(db, e) < 0 || prepare(db, e) < 0) {
		database_close(db);
		return -1;
	}
	s->opened_secrets = true;
	if (secrets_open(&s->secrets, db, s->folder, keys->master, keys->old, e) < 0) {
		database_close(db);
		return -1;
	}
	s->writer = writer_new(s->loop, db, fatal, s, e);
	return s->writer == NULL ? -1 : 0;
}

int
store_open(struct store *s, struct loop *loop, const char *folder, const struct store_keys *keys,
    struct error *e)
{
	*s = (struct store){
		.loop = loop, .folder = xstrdup(folder), .path = xformat("%s/" STORE_FILE, folder)
	};
	if (open_writer(s, keys, e) < 0)
		return -1;
	s->reader = database_open(s->path, false, e);
	return s->reader == NULL ? -1 : prepare(s->reader, e);
}

void
store_close(struct store *s)
{
	database_close(s->reader);
	writer_free(s->writer);
	if (s->opened_secrets)
		secrets_close(&s->secrets);
	free(s->folder);
	free(s->path);
}
