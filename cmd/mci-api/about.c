#include "about.h"

#include "emit.h"

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
