#include "duration.h"

#include <stdbool.h>

#include "number.h"

#define LONGEST (INT64_C(3650) * 86400 * SECOND)

static const struct unit {
	const char *name;
	size_t len;
	int64_t ns;
} units[] = {
	{ "w", 1, 7 * 86400 * SECOND },
	{ "d", 1, 86400 * SECOND },
	{ "h", 1, 3600 * SECOND },
	{ "m", 1, 60 * SECOND },
	{ "s", 1, SECOND },
	{ "ms", 2, MILLISECOND },
};
#define NUNITS (sizeof(units) / sizeof(units[0]))

static size_t
digits_end(const char *text, size_t n, size_t at)
{
	while (at < n && text[at] >= '0' && text[at] <= '9')
		at++;
	return at;
}

/* The row of the unit at text, looking from row first on; NUNITS when none fits there. */
static size_t
unit_at(const char *text, size_t n, size_t first)
{
	for (size_t u = NUNITS; u-- > first;) {
		bool fits = n >= units[u].len && text[0] == units[u].name[0] &&
		    (units[u].len == 1 || text[1] == units[u].name[1]);
		if (fits)
			return u;
	}
	return NUNITS;
}

static int64_t
fraction(const char *digits, size_t n, int64_t unit)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n && unit > 0; i++) {
		unit /= 10;
		sum += (digits[i] - '0') * unit;
	}
	return sum;
}

int
duration_parse(const char *text, size_t n, int64_t *out, struct error *e)
{
	size_t at = 0, first = 0;
	int64_t total = 0;

	while (at < n) {
		size_t end = digits_end(text, n, at), frac = end;
		int64_t count, part;
		size_t u;

		if (number_parse(text + at, end - at, 0, LONGEST / SECOND * 1000, &count, NULL) < 0)
			goto bad;
		if (end < n && text[end] == '.') {
			frac = digits_end(text, n, end + 1);
			if (frac == end + 1)
				goto bad;
		}
		u = unit_at(text + frac, n - frac, first);
		if (u == NUNITS || (frac > end && frac + units[u].len != n))
			goto bad;
		if (__builtin_mul_overflow(count, units[u].ns, &part) ||
		    __builtin_add_overflow(total, part, &total) || total > LONGEST)
			goto bad;
		if (frac > end)
			total += fraction(text + end + 1, frac - end - 1, units[u].ns);
		if (total > LONGEST)
			goto bad;
		first = u + 1;
		at = frac + units[u].len;
	}
	if (n == 0)
		goto bad;
	*out = total;
	return 0;
bad:
	return error_set(e, ERROR_INPUT,
	    "'%.*s' is not a duration: write it with its unit, such as 90s, 5m or 1h30m",
	    (int)(n > 40 ? 40 : n), text);
}

void
duration_write(struct bytes *b, int64_t ns)
{
	int64_t rest = ns / MILLISECOND * MILLISECOND;
	bool any = false;

	for (size_t u = 0; u < NUNITS; u++) {
		if (rest >= units[u].ns) {
			bytes_number(b, rest / units[u].ns);
			bytes_text(b, units[u].name);
			rest %= units[u].ns;
			any = true;
		}
	}
	if (!any)
		bytes_text(b, "0s");
}

void
duration_show(struct bytes *b, int64_t ns)
{
	int64_t s = ns / SECOND;

	if (s < 10)
		bytes_format(b, "%d.%ds", (int)s, (int)(ns / (SECOND / 10) % 10));
	else if (s < 60)
		bytes_format(b, "%ds", (int)s);
	else if (s < 3600)
		bytes_format(b, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 1000 * 3600)
		bytes_format(b, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
	else
		bytes_format(b, "%lldd", (long long)(s / 86400));
}
