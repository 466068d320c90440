#include "sessions.h"

#include <stdlib.h>

#include "duration.h"
#include "entity.h"
#include "entry.h"
#include "jsontree.h"
#include "kernel.h"
#include "memory.h"
#include "query.h"
#include "store.h"
#include "timestamp.h"
#include "tokens.h"
#include "transaction.h"

/* How long a session lasts where nothing else is asked for, and at most; in seconds. */
#define USUAL (12 * 3600)
#define LONGEST (30 * 24 * 3600)

static void
give(struct store *s, struct request *r, transaction_work *work)
{
	transaction_do(r, &s->secrets, s->writer, work);
}

static int
run_with(struct database *db, enum statement_id id, const char *name, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, id);
	query_text(&q, name);
	return query_run(&q, e);
}

/* Those that are over are of no use to anybody: nobody looks for them in the list. */
static int
sweep(struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_SESSIONS_OVER);
	query_integer(&q, kernel.wall());
	return query_run(&q, e);
}

/* A ticket lasts a minute: what is begun with it lasts as long as whoever gave it. */
static int
end_of(struct database *db, const struct token *shown, int64_t *end, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	*end = shown->expires;
	if (!shown->once || shown->parent == NULL)
		return 0;
	query_begin(&q, db, STATEMENT_TOKEN_EXPIRES);
	query_text(&q, shown->parent);
	got = query_next(&q, e);
	if (got > 0)
		*end = query_column_integer(&q, 0);
	return got < 0 ? -1 : 0;
}

/* What the new one is, from the one that is shown: it lasts no longer, and is the child of whoever
 * was given to a person, not of another session. */
static int
shape(struct database *db, const struct token *shown, int64_t seconds, struct token *made, struct error *e)
{
	struct entry_place tokens = { .db = db, .entity = entity_of("token/") };
	int64_t end = kernel.wall() + seconds * SECOND, last;

	*made = *shown;
	if (end_of(db, shown, &last, e) < 0)
		return -1;
	made->parent = shown->parent != NULL ? shown->parent : shown->id;
	made->agent = NULL;
	made->title = NULL;
	made->expires = last > 0 && last < end ? last : end;
	return entry_id(&tokens, "session", &made->id, e);
}

static int
begin(struct transaction *t, struct database *db, struct error *e)
{
	struct token shown = { 0 }, made = { 0 };
	int64_t seconds = transaction_integer(t, "seconds", USUAL);
	char token[TOKEN_SIZE];
	AUTO_BYTES expires = { 0 };
	int done;

	if (seconds < 1 || seconds > LONGEST)
		return error_set(
		    e, ERROR_INPUT, "session/begin: parameter seconds: expected 1 to %d", LONGEST);
	if (sweep(db, e) < 0 || token_find(db, transaction_text(t, "token"), &shown, e) < 0) {
		token_free(&shown);
		return -1;
	}
	done = shape(db, &shown, seconds, &made, e);
	made.once = json_is_true(json_object_get(t->params, "once"));
	if (done == 0 && shown.once)
		done = run_with(db, STATEMENT_TOKEN_REMOVE, shown.id, e);
	if (done == 0)
		done = token_add(db, &made, token, e);
	if (done == 0) {
		timestamp_write(&expires, made.expires);
		transaction_answer(t, json_pack("{s:s, s:s, s:s}", "id", made.id, "token", token, "expires",
			bytes_string(&expires)));
	}
	if (made.id != shown.id)
		free(made.id);
	token_free(&shown);
	return done;
}

void
session_begin(void *self, struct request *r)
{
	give(self, r, begin);
}

static int
end(struct transaction *t, struct database *db, struct error *e)
{
	struct token shown = { 0 };
	int done = token_find(db, transaction_text(t, "token"), &shown, e);

	if (done == 0 && shown.parent == NULL)
		done = error_set(e, ERROR_REFUSED, "that token is no session's: 'mci token rm' removes it");
	if (done == 0)
		done = run_with(db, STATEMENT_TOKEN_REMOVE, shown.id, e);
	token_free(&shown);
	return done;
}

void
session_end(void *self, struct request *r)
{
	give(self, r, end);
}
