#include "badge.h"

#include <string.h>

#include "emit.h"
#include "message.h"
#include "params.h"
#include "scan.h"

/* https://shields.io/badges/endpoint-badge */
const struct contract_field badge_shield_answer[6] = {
	{ "schemaVersion", CONTRACT_INTEGER, true, "1" },
	{ "label", CONTRACT_TEXT, true, "what it is about" },
	{ "message", CONTRACT_TEXT, true, "how it is" },
	{ "color", CONTRACT_TEXT, true, "of the message" },
	{ "isError", CONTRACT_BOOL, false, "nothing is known" },
	{ "cacheSeconds", CONTRACT_INTEGER, false, "how long it may be kept" },
};

/* A builds' status, and how a badge says it; the last one is for all others. */
static const struct look {
	const char *status, *message, *color, *hex;
} looks[] = {
	{ "success", "passing", "brightgreen", "#2a8a3a" },
	{ "failure", "failing", "red", "#c03030" },
	{ "error", "error", "orange", "#b85c00" },
	{ "canceled", "canceled", "lightgrey", "#6a6a6a" },
	{ "running", "running", "blue", "#2a6ab0" },
	{ NULL, "pending", "blue", "#2a6ab0" },
};
static const struct look none = { NULL, "no builds", "lightgrey", "#6a6a6a" };

static const struct look *
look_of(struct span result)
{
	struct scan_value builds, status;
	struct scan s;
	struct scan_member first;
	const struct look *look = looks;

	if (message_member(result.p, result.n, "builds", &builds, NULL) <= 0 ||
	    scan_open(&s, builds.raw.p, builds.raw.n, NULL) < 0 ||
	    scan_next(&s, &first, NULL) <= 0 ||
	    message_member(first.value.raw.p, first.value.raw.n, "status", &status, NULL) <= 0)
		return &none;
	while (look->status != NULL && !scan_text_is(&status, look->status))
		look++;
	return look;
}

/* About seven pixels a letter of Verdana 11. */
static void
write_svg(struct bytes *into, const struct look *look)
{
	int label = 38, width = 14 + 7 * (int)strlen(look->message);

	bytes_format(into,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"20\" role=\"img\" "
	    "aria-label=\"build: %s\"><title>build: %s</title>"
	    "<rect width=\"%d\" height=\"20\" fill=\"#444\"/>"
	    "<rect x=\"%d\" width=\"%d\" height=\"20\" fill=\"%s\"/>"
	    "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" "
	    "text-anchor=\"middle\"><text x=\"%d\" y=\"14\">build</text><text x=\"%d\" "
	    "y=\"14\">%s</text></g></svg>\n",
	    label + width, look->message, look->message, label, label, width, look->hex, label / 2,
	    label + width / 2, look->message);
}

static void
drawn(struct ask *a, struct span result, const struct error *e)
{
	AUTO_BYTES svg = { 0 };

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	write_svg(&svg, look_of(result));
	answer_as(a, 200, "image/svg+xml", (struct span){ svg.data, svg.len });
}

static void
said(struct ask *a, struct span result, const struct error *e)
{
	const struct look *look;
	AUTO_BYTES json = { 0 };

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	look = look_of(result);
	emit_open(&json);
	emit_integer(&json, "schemaVersion", 1);
	emit_text(&json, "label", "build");
	emit_text(&json, "message", look->message);
	emit_text(&json, "color", look->color);
	bytes_char(&json, '}');
	answer_json(a, 0, (struct span){ json.data, json.len });
}

static void
begin(struct ask *a, ask_done *done)
{
	AUTO_BYTES params = { 0 };

	if (params_first(a, route_method(a->route), &params) < 0)
		return;
	ask_call(a, "build/list", (struct span){ params.data, params.len },
	    (struct span){ NULL, 0 }, done);
}

void
badge_svg(struct ask *a)
{
	begin(a, drawn);
}

void
badge_shield(struct ask *a)
{
	begin(a, said);
}
