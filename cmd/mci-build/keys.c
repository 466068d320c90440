#include "keys.h"

#include <stdio.h>

#include "spec.h"

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

void
keys_print(void)
{
	static const char *const plain[] = {
		[SPEC_PLAIN_TEXT] = "text",
		[SPEC_PLAIN_VALUE] = "value",
		[SPEC_PLAIN_WORD] = "word",
	};
	static const char *const service[] = {
		[SPEC_SERVED] = "served",
		[SPEC_MACHINE] = "machine",
		[SPEC_IN_PLACE] = "in-place",
		[SPEC_UNSERVED] = "unserved",
	};

	for (size_t i = 0; i < SPEC_NKEYS; i++) {
		const struct spec_row *row = &spec_rows[i];

		if (!(row->flags & (SPEC_ROW_INNER | SPEC_ROW_ORIGINAL)))
			printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row->key.p, or_empty(row->synonym),
			    or_empty(row->original), row->type->name, plain[row->plain],
			    service[row->service], row->flags & SPEC_ROW_GRAPH ? "graph" : "");
	}
}
