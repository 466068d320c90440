#include "about.h"

#include "emit.h"
#include "openapi.h"

const struct contract_field about_version_answer[3] = {
	{ "name", CONTRACT_TEXT, true, "mci" },
	{ "version", CONTRACT_TEXT, true, "of this program" },
	{ "schema", CONTRACT_INTEGER, true, "version of the event schema" },
};

void
about_version(struct ask *a)
{
	AUTO_BYTES json = { 0 };

	emit_open(&json);
	emit_text(&json, "name", "mci");
	emit_text(&json, "version", MCI_VERSION);
	emit_integer(&json, "schema", CONTRACT_SCHEMA);
	bytes_char(&json, '}');
	answer_json(a, 0, (struct span){ json.data, json.len });
}

const struct contract_field about_me_answer[5] = {
	{ "id", CONTRACT_TEXT, true, "of the token" },
	{ "scopes", CONTRACT_TEXTS, true, "what it is good for" },
	{ "org", CONTRACT_TEXT, false, "the organisation that it is for; all" },
	{ "repo", CONTRACT_TEXT, false, "the repository of it that it is for; all" },
	{ "agent", CONTRACT_TEXT, false, "that is to show it" },
};

static void
say_known(struct bytes *json, const char *name, const char *text)
{
	if (text != NULL)
		emit_text(json, name, text);
}

void
about_me(struct ask *a)
{
	const struct who *w = &a->who;
	const char *scopes[RIGHTS_SCOPES];
	AUTO_BYTES json = { 0 };
	size_t n = 0;

	if (w->id == NULL) {
		answer_text(a, 401, NULL, "a token is needed: Authorization: Bearer TOKEN");
		return;
	}
	for (unsigned i = 0; i < RIGHTS_SCOPES; i++) {
		if (w->scopes & 1U << i)
			scopes[n++] = rights_scope_name((enum rights_scope)i);
	}
	emit_open(&json);
	emit_text(&json, "id", w->id);
	emit_list(&json, "scopes", scopes, n);
	say_known(&json, "org", w->org);
	say_known(&json, "repo", w->repo);
	say_known(&json, "agent", w->agent);
	bytes_char(&json, '}');
	answer_json(a, 0, (struct span){ json.data, json.len });
}

void
about_openapi(struct ask *a)
{
	struct bytes *json = &a->gateway->document;

	if (json->len == 0) {
		openapi_write(json, a->gateway->routes, a->gateway->nroutes);
		bytes_char(json, '\n');
	}
	answer_kept(a, 200, "application/json", (struct span){ json->data, json->len });
}
