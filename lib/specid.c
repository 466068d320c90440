#include "specid.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static bool
alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool
spec_id_glob(const char *text)
{
	bool glob = false;
	size_t n = 0;

	for (; n <= SPEC_ID_LIMIT && text[n] != '\0'; n++) {
		bool meta = strchr("*?[]!", text[n]) != NULL;

		if (!meta && !alnum(text[n]) && strchr("._+,-", text[n]) == NULL)
			return false;
		glob |= meta && text[n] != '!';
	}
	return glob && n <= SPEC_ID_LIMIT;
}

bool
spec_id_ok(const char *text, size_t n)
{
	if (n == 0 || n > SPEC_ID_LIMIT || !alnum(text[0]))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!alnum(text[i]) && (text[i] == '\0' || strchr("._+,-", text[i]) == NULL))
			return false;
	}
	return true;
}

/* What the original takes for an id as one of ours, with '_' between the parts that an id may hold. Caller
 * frees. */
static char *
id_make(const char *text)
{
	char *id = xmalloc(strlen(text) + 1);
	bool gap = false;
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		const char two[] = { 'x', *p };

		if (!spec_id_ok(n == 0 ? p : two, n == 0 ? 1 : 2)) {
			gap = n > 0;
			continue;
		}
		if (gap)
			id[n++] = '_';
		id[n++] = *p;
		gap = false;
	}
	return id;
}

bool
spec_id_adopt(char **id)
{
	char *made = id_make(*id);

	if (!spec_id_ok(made, strlen(made))) {
		free(made);
		return false;
	}
	free(*id);
	*id = made;
	return true;
}
