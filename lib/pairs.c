#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "option.h"
#include "scan.h"
#include "utf8.h"

static int
pair_emit(struct bytes *into, const char *text, struct error *e)
{
	AUTO_FREE char *key = NULL;
	const char *value;
	enum scan_type type;
	size_t n;

	if (option_pair(text, &key, &value, e) < 0)
		return error_set(e, ERROR_USAGE, "'%s': expected K=V or K:=JSON", text);
	n = strlen(key);
	if (!utf8_valid(text, strlen(text)))
		return error_set(e, ERROR_USAGE, "'%s' is not UTF-8", key);
	if (n < 2 || key[n - 1] != ':') {
		emit_text(into, key, value);
		return 0;
	}
	key[n - 1] = '\0';
	if (scan_check(value, strlen(value), &type, e) < 0)
		return error_before(e, "%s: ", key);
	emit_raw(into, key, (struct span){ value, strlen(value) });
	return 0;
}

int
pairs_emit(struct bytes *into, int n, char **texts, struct error *e)
{
	for (int i = 0; i < n; i++) {
		if (pair_emit(into, texts[i], e) < 0)
			return -1;
	}
	return 0;
}
