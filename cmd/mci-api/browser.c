#include "browser.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ask.h"
#include "cookie.h"
#include "emit.h"
#include "jsontree.h"

/* Seconds: of a session, and how long its ticket may be on its way. */
#define LASTS (12 * 3600)
#define TICKET 60

const struct contract_field browser_session[6] = {
	{ "name", CONTRACT_TEXT, true, "id of its token" },
	{ "scopes", CONTRACT_TEXTS, true, "what it is good for" },
	{ "org", CONTRACT_TEXT, false, "the organisation that it is for; all" },
	{ "repo", CONTRACT_TEXT, false, "the repository of it that it is for; all" },
	{ "csrf", CONTRACT_TEXT, false, "X-CSRF-Token of whatever changes something, for a browser" },
	{ "expires", CONTRACT_TEXT, false, "when it ends" },
};

const struct contract_field browser_ticket[2] = {
	{ "ticket", CONTRACT_TEXT, true, "good for one session, for a minute: /-/login#ticket=..." },
	{ "expires", CONTRACT_TEXT, true, "when it is good for nothing any more" },
};

/* The token of Authorization, which is there: who asks is known by it. */
static const char *
shown(const struct ask *a)
{
	const char *header = exchange_header(a->x, "Authorization");

	return header == NULL ? NULL : header + strlen("Bearer ");
}

static void
begin(struct ask *a, bool once, ask_done *done)
{
	AUTO_BYTES params = { 0 };

	if (shown(a) == NULL) {
		answer_text(a, 401, NULL, "show a token: Authorization: Bearer TOKEN");
		return;
	}
	emit_open(&params);
	emit_text(&params, "token", shown(a));
	emit_integer(&params, "seconds", once ? TICKET : LASTS);
	emit_bool(&params, "once", once);
	bytes_char(&params, '}');
	ask_call(a, "session/begin", (struct span){ params.data, params.len }, (struct span){ NULL, 0 },
	    done);
	explicit_bzero(params.data, params.len);
}

static void
answer_session(struct ask *a, const char *token, const char *expires)
{
	char word[COOKIE_WORD];
	bool first = true;
	AUTO_BYTES json = { 0 };

	emit_open(&json);
	emit_text(&json, "name", a->who.id);
	emit_key(&json, "scopes");
	bytes_char(&json, '[');
	for (enum rights_scope s = RIGHTS_READ; s < RIGHTS_SCOPES; s++) {
		if ((a->who.scopes & 1U << s) != 0)
			bytes_format(&json, "%s\"%s\"", first ? "" : ",", rights_scope_name(s));
		first = first && (a->who.scopes & 1U << s) == 0;
	}
	bytes_char(&json, ']');
	if (a->who.org != NULL)
		emit_text(&json, "org", a->who.org);
	if (a->who.repo != NULL)
		emit_text(&json, "repo", a->who.repo);
	if (token != NULL) {
		cookie_word(token, word);
		emit_text(&json, "csrf", word);
	}
	if (expires != NULL)
		emit_text(&json, "expires", expires);
	bytes_char(&json, '}');
	answer_json(a, 0, (struct span){ json.data, json.len });
}

static void
begun(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	const char *token = json_string_value(json_object_get(tree, "token"));

	if (token == NULL) {
		answer_error(a, e);
		return;
	}
	cookie_set(a, token, LASTS);
	answer_session(a, token, json_string_value(json_object_get(tree, "expires")));
}

void
browser_begin(struct ask *a)
{
	begin(a, false, begun);
}

void
browser_show(struct ask *a)
{
	if (a->who.id == NULL)
		answer_text(a, 401, NULL, "no session, and no token");
	else
		answer_session(a, a->cookie, NULL);
}

static void
ended(struct ask *a, struct span result, const struct error *e)
{
	(void)result;
	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	cookie_set(a, "", 0);
	answer_json(a, 204, (struct span){ NULL, 0 });
}

void
browser_end(struct ask *a)
{
	AUTO_BYTES params = { 0 };

	if (a->cookie == NULL) {
		answer_text(a, 401, NULL, "no session");
		return;
	}
	emit_open(&params);
	emit_text(&params, "token", a->cookie);
	bytes_char(&params, '}');
	ask_call(a, "session/end", (struct span){ params.data, params.len }, (struct span){ NULL, 0 }, ended);
	explicit_bzero(params.data, params.len);
}

static void
given(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	AUTO_BYTES json = { 0 };

	if (tree == NULL) {
		answer_error(a, e);
		return;
	}
	emit_open(&json);
	emit_text(&json, "ticket", json_string_value(json_object_get(tree, "token")));
	emit_text(&json, "expires", json_string_value(json_object_get(tree, "expires")));
	bytes_char(&json, '}');
	answer_json(a, 0, (struct span){ json.data, json.len });
	explicit_bzero(json.data, json.len);
}

void
browser_give(struct ask *a)
{
	begin(a, true, given);
}
