/* What jsontree reads is JSON, and comes out as a line that says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jsontree.h"
#include "scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = { (const char *)data, n };
	AUTO_BYTES line = { 0 }, again = { 0 };
	json_auto_t *json = NULL, *back = NULL;
	struct error e = { 0 };
	enum scan_type type;

	json = jsontree_read(text, &e);
	if (json == NULL) {
		if ((e.code != ERROR_INPUT && e.code != ERROR_LIMIT) || e.text[0] == '\0')
			abort();
		return 0;
	}
	/* its empty lists are one deeper for scan than it may go inside a line */
	if (scan_check(text.p, text.n, &type, &e) < 0 && strstr(e.text, "nested too deep") == NULL)
		abort();
	jsontree_write(&line, json);
	if (line.len == 0 || memchr(line.data, '\n', line.len) != NULL)
		abort();
	back = jsontree_read((struct span){ line.data, line.len }, &e);
	if (back == NULL || !json_equal(json, back))
		abort();
	jsontree_write(&again, back);
	if (again.len != line.len || memcmp(again.data, line.data, line.len) != 0)
		abort();
	return 0;
}
