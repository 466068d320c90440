#include "tokens.h"

#include <string.h>

#include "digest.h"
#include "kernel.h"
#include "memory.h"
#include "query.h"

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

int
token_add(struct database *db, const char *id, const char *title, const char *agent,
    char token[static TOKEN_SIZE], struct error *e)
{
	char hash[DIGEST_TEXT];
	AUTO_QUERY q = { 0 };

	make(token);
	digest_text((struct span){ token, strlen(token) }, hash);
	query_begin(&q, db, STATEMENT_TOKEN_ADD);
	query_integer(&q, kernel.wall());
	query_text(&q, id);
	query_text(&q, title);
	query_text(&q, agent);
	query_text(&q, hash);
	return query_run(&q, e);
}

int
token_agent(struct database *db, const char *token, char **agent, char **id, struct error *e)
{
	char hash[DIGEST_TEXT];
	AUTO_QUERY q = { 0 };
	int got;

	digest_text((struct span){ token, strlen(token) }, hash);
	query_begin(&q, db, STATEMENT_TOKEN_OF_HASH);
	query_text(&q, hash);
	got = query_next(&q, e);
	if (got == 0)
		return error_set(e, ERROR_REFUSED,
		    "that token is nobody's: 'mci token create --agent NAME' "
		    "makes one");
	if (got < 0)
		return -1;
	*agent = xstrdup(query_column_text(&q, 1));
	if (id != NULL)
		*id = xstrdup(query_column_text(&q, 0));
	return 0;
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
