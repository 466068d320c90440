#include "number.h"

#include <stdbool.h>
#include <string.h>

static int
digits_parse(const char *text, size_t n, int64_t *out)
{
	bool minus = n > 0 && text[0] == '-';
	int64_t value = 0;

	if (n == (size_t)minus)
		return -1;
	for (size_t i = minus; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, text[i] - '0', &value))
			return -1;
	}
	/* collected as a negative number, whose range is the larger one */
	if (!minus && __builtin_sub_overflow(0, value, &value))
		return -1;
	*out = value;
	return 0;
}

int
number_parse(const char *text, size_t n, int64_t min, int64_t max, int64_t *out, struct error *e)
{
	int64_t value;

	if (digits_parse(text, n, &value) < 0 || value < min || value > max)
		return error_set(e, ERROR_INPUT, "'%.*s' is not a number from %lld to %lld",
		    (int)(n > 40 ? 40 : n), text, (long long)min, (long long)max);
	*out = value;
	return 0;
}

int
number_size(const char *text, size_t n, int64_t *out, struct error *e)
{
	static const struct {
		char letter;
		int shift;
	} units[] = { { 'k', 10 }, { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };
	size_t digits = n;
	int shift = 0;
	int64_t value;

	for (size_t i = 0; n > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[n - 1] == units[i].letter) {
			shift = units[i].shift;
			digits = n - 1;
		}
	}
	if (digits_parse(text, digits, &value) < 0 || value < 0 || value > (INT64_MAX >> shift))
		return error_set(e, ERROR_INPUT, "'%.*s' is not a size such as 4096, 64k or 100M",
		    (int)(n > 40 ? 40 : n), text);
	*out = value << shift;
	return 0;
}

int
number_range(const char *text, int64_t least, int64_t *first, int64_t *last, struct error *e)
{
	const char *dash = strchr(text, '-');
	size_t n = dash == NULL ? strlen(text) : (size_t)(dash - text);
	const char *second = dash == NULL ? text : dash + 1;
	size_t rest = strlen(second);

	*first = least;
	*last = INT64_MAX;
	if (strcmp(text, "-") == 0 || *text == '\0' ||
	    (n > 0 && number_parse(text, n, least, INT64_MAX - 1, first, NULL) < 0) ||
	    (rest > 0 && number_parse(second, rest, *first, INT64_MAX - 1, last, NULL) < 0))
		return error_set(e, ERROR_USAGE, "'%s': expected A-B, A-, -B or A, from %lld on", text,
		    (long long)least);
	return 0;
}
