#include "nearest.h"

#include <string.h>

/* Longer words are not compared: nobody mistypes them, and the row is on the stack. */
#define LONGEST_WORD 63

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, removals, replacements, and neighbours swapped (Damerau's distance, restricted). */
static size_t
distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][LONGEST_WORD + 1];

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t other = up[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = least(up[j] + 1, row[j - 1] + 1, other);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < row[j])
				row[j] = up2[j - 2] + 1;
		}
	}
	return rows[na % 3][nb];
}

const char *
nearest_word(const char *word, const char *const *candidates, size_t n)
{
	size_t length = strlen(word), best = 1 + length / 5;
	const char *near = NULL;

	if (length == 0 || length > LONGEST_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(candidates[i]), d;

		if (other > LONGEST_WORD)
			continue;
		/* the beginning of a word is near to it */
		d = length >= 2 && other > length && memcmp(candidates[i], word, length) == 0
		    ? 1 : distance(word, length, candidates[i], other);
		/* of words with nothing in common none is meant */
		if (d >= length && d >= other)
			continue;
		if (d < best || (d == best && near == NULL)) {
			best = d;
			near = candidates[i];
		}
	}
	return near;
}
