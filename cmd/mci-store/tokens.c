#include "tokens.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "query.h"

#define MINUTE (60 * SECOND)

static void
make(char token[static TOKEN_SIZE])
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char raw[TOKEN_SIZE - 5];

	kernel.random(raw, sizeof(raw));
	memcpy(token, "mci_", 4);
	for (size_t i = 0; i < sizeof(raw); i++)
		token[4 + i] = letters[raw[i] & 63];
	token[TOKEN_SIZE - 1] = '\0';
}

void
token_free(struct token *t)
{
	free(t->id);
	free(t->title);
	free(t->agent);
	free(t->scopes);
	free(t->org);
	free(t->repo);
	free(t->parent);
	*t = (struct token){ 0 };
}

int
token_add(
    struct database *db, const struct token *t, char token[static TOKEN_SIZE], struct error *e)
{
	char hash[DIGEST_TEXT];
	AUTO_QUERY q = { 0 };

	make(token);
	digest_text((struct span){ token, strlen(token) }, hash);
	query_begin(&q, db, STATEMENT_TOKEN_ADD);
	query_integer(&q, kernel.wall());
	query_text(&q, t->id);
	query_text(&q, t->title);
	query_text(&q, t->agent);
	query_text(&q, hash);
	query_text(&q, t->scopes);
	query_text(&q, t->org);
	query_text(&q, t->repo);
	if (t->expires > 0)
		query_integer(&q, t->expires);
	else
		query_null(&q);
	query_text(&q, t->parent);
	query_integer(&q, t->once);
	return query_run(&q, e);
}

static char *
column(struct query *q, int i)
{
	return query_column_null(q, i) ? NULL : xstrdup(query_column_text(q, i));
}

/* When a token was shown last is kept to a minute: a write for each would cost a sync. */
static int
note_use(struct database *db, const char *id, int64_t used, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int64_t now = kernel.wall();

	if (now - used < MINUTE && now >= used)
		return 0;
	query_begin(&q, db, STATEMENT_TOKEN_USED);
	query_integer(&q, now);
	query_text(&q, id);
	return query_run(&q, e);
}

int
token_find(struct database *db, const char *token, struct token *t, struct error *e)
{
	char hash[DIGEST_TEXT];
	int64_t used;
	AUTO_QUERY q = { 0 };
	int got;

	digest_text((struct span){ token, strlen(token) }, hash);
	query_begin(&q, db, STATEMENT_TOKEN_OF_HASH);
	query_text(&q, hash);
	got = query_next(&q, e);
	if (got == 0)
		return error_set(
		    e, ERROR_REFUSED, "that token is nobody's: 'mci token create' makes one");
	if (got < 0)
		return -1;
	*t = (struct token){ .id = column(&q, 0),
		.agent = column(&q, 1),
		.scopes = column(&q, 2),
		.org = column(&q, 3),
		.repo = column(&q, 4),
		.expires = query_column_integer(&q, 5),
		.parent = column(&q, 7),
		.once = query_column_integer(&q, 8) != 0 };
	used = query_column_integer(&q, 6);
	query_end(&q);
	if (t->expires > 0 && t->expires <= kernel.wall()) {
		token_free(t);
		return error_set(
		    e, ERROR_REFUSED, "that token has expired: 'mci token create' makes another");
	}
	return note_use(db, t->id, used, e);
}

int
token_agent_seen(
    struct database *db, const char *agent, const char *labels, bool isolates, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_AGENT_SEEN);
	query_text(&q, labels);
	query_integer(&q, isolates);
	query_integer(&q, kernel.wall());
	query_text(&q, agent);
	return query_run(&q, e);
}
