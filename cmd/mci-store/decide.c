#include "decide.h"

#include "changes.h"
#include "emit.h"
#include "query.h"

static int
set_state(struct database *db, int64_t id, const char *state, const char *status, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_BUILD_STATE);
	query_text(&q, state);
	query_text(&q, status);
	query_integer(&q, id);
	return query_run(&q, e);
}

int
decide_over(struct database *db, const struct decide *b, struct error *e)
{
	return set_state(db, b->id, "ended", NULL, e);
}

int
decide_end(struct database *db, const struct decide *b, const char *status, const char *reason,
    const char *message, struct error *e)
{
	AUTO_BYTES event = { 0 };

	change_begin(&event, "build/end", b->name, b->run);
	emit_text(&event, "status", status);
	if (reason != NULL)
		emit_text(&event, "reason", reason);
	if (message != NULL)
		emit_text(&event, "message", message);
	return change_add(&event, db, e) < 0 ? -1 : set_state(db, b->id, "ended", status, e);
}

int
decide_cancel(struct database *db, const struct decide *b, const char *reason, struct error *e)
{
	AUTO_BYTES event = { 0 };

	change_begin(&event, "build/canceled", b->name, b->run);
	emit_text(&event, "reason", reason);
	return change_add(&event, db, e) < 0 ? -1 :
					       decide_end(db, b, "canceled", "canceled", reason, e);
}

int
decide_requeue(struct database *db, const struct decide *b, const char *reason, struct error *e)
{
	AUTO_BYTES event = { 0 };

	change_begin(&event, "build/queued", b->name, b->run);
	emit_text(&event, "reason", reason);
	return change_add(&event, db, e) < 0 ? -1 : set_state(db, b->id, "queued", NULL, e);
}

int
decide_room(struct database *db, int64_t id, struct error *e)
{
	AUTO_BYTES event = { 0 };
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_BUILD_WITH_ROOM);
	query_integer(&q, id);
	got = query_next(&q, e);
	if (got <= 0)
		return got;
	change_begin(&event, "build/queued", query_column_text(&q, 0), query_column_integer(&q, 1));
	emit_text(&event, "reason", "room");
	return change_add(&event, db, e);
}
