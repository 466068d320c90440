#include "jsontext.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "scan.h"

const char **
jsontext_list(struct span object, const char *key, char **text, size_t *n)
{
	struct bytes all = { 0 };
	struct scan scan;
	struct scan_value v;
	struct scan_member m;
	const char **list;
	size_t count = 0, at = 0;

	if (message_member(object.p, object.n, key, &v, NULL) > 0 && v.type == SCAN_ARRAY &&
	    scan_open(&scan, v.raw.p, v.raw.n, NULL) == 0) {
		while (scan_next(&scan, &m, NULL) > 0) {
			size_t was = all.len;

			if (m.value.type != SCAN_STRING || scan_text(&m.value, &all, NULL) < 0) {
				all.len = was;
				continue;
			}
			bytes_char(&all, '\0');
			count++;
		}
	}
	list = xmalloc((count + 1) * sizeof(*list));
	*text = bytes_give(&all);
	for (size_t i = 0; i < count; i++) {
		list[i] = *text + at;
		at += strlen(list[i]) + 1;
	}
	*n = count;
	return list;
}
