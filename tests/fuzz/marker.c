/* Markers of other systems in any log: what they make is a JSON object a line, whatever they say.
 * The first byte picks the system. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "note.h"
#include "cmd/mci-log/marker.h"
#include "scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect_objects(struct span notes)
{
	while (notes.n > 0) {
		const char *newline = memchr(notes.p, '\n', notes.n);
		AUTO_BYTES text = { 0 };
		enum scan_type type;
		struct span one;

		if (newline == NULL)
			abort();
		one = (struct span){ notes.p, (size_t)(newline - notes.p) };
		if (scan_check(one.p, one.n, &type, NULL) < 0 || type != SCAN_OBJECT)
			abort();
		note_text(&text, one);
		notes = (struct span){ newline + 1, notes.n - one.n - 1 };
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct marker m = { 0 };
	const char *p = (const char *)data + 1, *end = (const char *)data + n;

	if (n == 0)
		return 0;
	m.style = (enum marker_style)(MARKER_GITHUB + data[0] % 3);
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		AUTO_BYTES notes = { 0 };

		if (newline == NULL)
			newline = end;
		if (marker_read(&m, (struct span){ p, (size_t)(newline - p) }, &notes) > notes.len)
			abort();
		expect_objects((struct span){ notes.data, notes.len });
		p = newline == end ? end : newline + 1;
	}
	{
		AUTO_BYTES notes = { 0 };

		marker_end(&m, &notes);
		expect_objects((struct span){ notes.data, notes.len });
	}
	marker_free(&m);
	return 0;
}
