/* A pattern and a text, parted by a newline, matched as the plain recursive reading does. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* One component's pattern or a whole one, without brackets and backslashes. */
static bool
plain_match(const char *start, const char *p, const char *t)
{
	bool deep = p[0] == '*' && p[1] == '*' && (p[2] == '/' || p[2] == '\0') &&
		    (p == start || p[-1] == '/');

	if (*p == '\0')
		return *t == '\0';
	if (deep && p[2] == '\0')
		return true;
	if (deep) {
		while (!plain_match(start, p + 3, t)) {
			if ((t = strchr(t, '/')) == NULL)
				return false;
			t++;
		}
		return true;
	}
	if (*p == '*') {
		for (const char *at = t;; at++) {
			if (plain_match(start, p + 1, at))
				return true;
			if (*at == '\0' || *at == '/')
				return false;
		}
	}
	if (*t == '\0' || (*p == '?' ? *t == '/' : *p != *t))
		return false;
	return plain_match(start, p + 1, t + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *newline = memchr(data, '\n', n);
	AUTO_FREE char *pattern = NULL;
	AUTO_FREE char *text = NULL;
	bool fits, simple = true;

	if (newline == NULL || n > 4096)
		return 0;
	pattern = xmemdup(data, (size_t)(newline - data));
	text = xmemdup(newline + 1, n - (size_t)(newline - data) - 1);
	fits = glob_match(pattern, text);
	for (size_t i = 0; i < n; i++)
		simple = simple && data[i] != '[' && data[i] != '\\' && data[i] < 0x80;
	if (simple && n < 24 && fits != plain_match(pattern, pattern, text))
		abort();
	return 0;
}
