#include "readable.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Leaves room for a number. */
#define LONGEST 64

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void
readable_name(const char *title, const char *otherwise, char name[static READABLE_SIZE])
{
	size_t n = 0;
	bool gap = false;

	for (; *title != '\0' && n < LONGEST; title++) {
		char c = lower(*title);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			if (gap && n > 0)
				name[n++] = '-';
			name[n++] = c;
			gap = false;
		} else {
			gap = true;
		}
	}
	name[n] = '\0';
	if (n == 0)
		snprintf(name, READABLE_SIZE, "%s", otherwise);
}

void
readable_number(const char *name, int n, char numbered[static READABLE_SIZE])
{
	if (n == 1)
		snprintf(numbered, READABLE_SIZE, "%s", name);
	else
		snprintf(numbered, READABLE_SIZE, "%.*s-%d", LONGEST + 1, name, n);
}
