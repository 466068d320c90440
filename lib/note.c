#include "note.h"

#include <string.h>

#include "message.h"
#include "scan.h"

static const char *const kinds[] = { "section", "error", "warning", "notice", "debug", "test", "metric",
	"summary" };

bool
note_member(struct span note, const char *key, struct bytes *text)
{
	struct scan_value v;

	text->len = 0;
	return message_member(note.p, note.n, key, &v, NULL) == 1 && v.type == SCAN_STRING &&
	    scan_text(&v, text, NULL) == 0;
}

/* What kind the object is: "section", "error"...; "note" for one of no known kind. */
const char *
note_kind(struct span note)
{
	AUTO_BYTES text = { 0 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (note_member(note, kinds[i], &text))
			return kinds[i];
	}
	return "note";
}

/* A member as it stands, with text in front, when it is a number or a text. */
static void
add_member(struct bytes *into, struct span note, const char *key, const char *front)
{
	struct scan_value v;

	if (message_member(note.p, note.n, key, &v, NULL) != 1)
		return;
	if (v.type == SCAN_NUMBER) {
		bytes_text(into, front);
		bytes_add(into, v.raw.p, v.raw.n);
	} else if (v.type == SCAN_STRING) {
		bytes_text(into, front);
		(void)scan_text(&v, into, NULL);
	}
}

void
note_text(struct bytes *into, struct span note)
{
	const char *kind = note_kind(note);

	if (strcmp(kind, "note") == 0) {
		bytes_add(into, note.p, note.n);
		return;
	}
	add_member(into, note, "file", "");
	add_member(into, note, "line", ":");
	add_member(into, note, "column", ":");
	if (into->len > 0)
		bytes_text(into, ": ");
	add_member(into, note, kind, "");
	add_member(into, note, "title", ": ");
	add_member(into, note, "result", ": ");
	add_member(into, note, "message", ": ");
	add_member(into, note, "value", ": ");
	add_member(into, note, "unit", " ");
	if (message_true(note, "end"))
		bytes_text(into, " (end)");
}
