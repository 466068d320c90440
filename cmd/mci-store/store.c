#include "store.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "emit.h"
#include "memory.h"
#include "option.h"
#include "query.h"
#include "schema.h"
#include "verbs.h"

static int
store_status(void *self, struct bytes *into, struct error *e)
{
	struct store *s = self;
	struct stat st;
	AUTO_QUERY q;

	query_begin(&q, s->reader, STATEMENT_STORE_VERSION);
	if (query_next(&q, e) < 0)
		return -1;
	emit_text(into, "file", s->path);
	emit_integer(into, "version", query_column_integer(&q, 0));
	emit_integer(into, "bytes", stat(s->path, &st) == 0 ? st.st_size : 0);
	return 0;
}

const struct service store_service = {
	.contract = &contract_store,
	.methods = NULL,
	.nmethods = 0,
	.status = store_status,
};

/* The disk did not take what was to be there for good. */
static void
fatal(void *arg, const struct error *e)
{
	struct store *s = arg;

	option_complain(PROGRAM, e);
	loop_stop(s->loop, 125);
}

static int
open_writer(struct store *s, struct error *e)
{
	struct database *db = database_open(s->path, true, e);

	if (db == NULL)
		return -1;
	if (schema_bring(db, e) < 0 || database_prepare(db, e) < 0) {
		database_close(db);
		return -1;
	}
	s->writer = writer_new(s->loop, db, fatal, s, e);
	return s->writer == NULL ? -1 : 0;
}

int
store_open(struct store *s, struct loop *loop, const char *folder, struct error *e)
{
	*s = (struct store){ .loop = loop, .path = xformat("%s/" STORE_FILE, folder) };
	if (open_writer(s, e) < 0)
		return -1;
	s->reader = database_open(s->path, false, e);
	return s->reader == NULL ? -1 : database_prepare(s->reader, e);
}

void
store_close(struct store *s)
{
	database_close(s->reader);
	writer_free(s->writer);
	free(s->path);
}
