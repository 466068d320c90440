#include "match.h"

#include <string.h>

/* The line that grep named; its sign behind the numbers is '-' when the line only stands around
 * one. */
static int
show(struct match *m, struct output *o, struct source *s, char sign, struct error *e)
{
	int found;

	s->at = s->searched = m->offset;
	s->number = m->number;
	found = source_line(s, true, e);
	if (found <= 0)
		return found;
	o->context = sign == '-';
	return output_line(o, s, e);
}

int
match_add(struct match *m, struct output *o, struct source *s, struct span found,
    struct error *e)
{
	const char *p = found.p, *end = found.p + found.n;

	while (p < end) {
		const char *newline;

		if (m->part == MATCH_TEXT) {
			newline = memchr(p, '\n', (size_t)(end - p));
			if (newline == NULL)
				return 0;
			p = newline + 1;
			*m = (struct match){ 0 };
		} else if (*p >= '0' && *p <= '9') {
			if (m->part == MATCH_NUMBER)
				m->number = m->number * 10 + (uint64_t)(*p - '0');
			else
				m->offset = m->offset * 10 + (*p - '0');
			p++;
		} else {
			if (m->part == MATCH_OFFSET && show(m, o, s, *p, e) < 0)
				return -1;
			/* "--" between groups of lines has no number */
			m->part = m->part == MATCH_NUMBER && m->number > 0 ? MATCH_OFFSET : MATCH_TEXT;
			p++;
		}
	}
	return 0;
}
