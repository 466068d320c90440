#include "ranges.h"

#include <stdio.h>
#include <string.h>

bool
ranges_read(const char *text, struct range *r)
{
	long long first = -1, last = -1;
	int used = 0;

	*r = (struct range){ .to = -1, .last = -1 };
	if (text == NULL || strncmp(text, "bytes=", 6) != 0 || strchr(text, ',') != NULL)
		return false;
	text += 6;
	if (*text == '-') {
		if (text[1] < '0' || text[1] > '9' || sscanf(text + 1, "%18lld%n", &last, &used) != 1 ||
		    text[1 + used] != '\0')
			return false;
		r->last = last;
		return true;
	}
	if (*text < '0' || *text > '9' || sscanf(text, "%18lld-%n", &first, &used) != 1 || used == 0)
		return false;
	r->from = first;
	text += used;
	if (*text == '\0')
		return true;
	if (*text < '0' || *text > '9' || sscanf(text, "%18lld%n", &last, &used) != 1 || text[used] != '\0' ||
	    last < first)
		return false;
	r->to = last;
	return true;
}

bool
ranges_of(const struct range *r, int64_t bytes, int64_t *from, int64_t *to)
{
	*from = r->last < 0 ? r->from : r->last < bytes ? bytes - r->last : 0;
	*to = r->last >= 0 || r->to < 0 || r->to >= bytes ? bytes : r->to + 1;
	return *from < *to;
}
