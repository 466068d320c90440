#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void
timestamp_write(struct bytes *b, int64_t ns)
{
	static _Thread_local int64_t last = -1;
	static _Thread_local char text[TIMESTAMP_LENGTH + 8];
	int64_t second = ns / 1000000000;
	int ms = (int)(ns / 1000000 % 1000);

	if (second != last) {
		time_t t = (time_t)second;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		last = second;
	}
	text[20] = (char)('0' + ms / 100);
	text[21] = (char)('0' + ms / 10 % 10);
	text[22] = (char)('0' + ms % 10);
	bytes_add(b, text, TIMESTAMP_LENGTH);
}

static int
digits(const char **p, const char *end, int count, int *out)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*p)++) {
		if (*p == end || **p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	*out = value;
	return 0;
}

static int
literal(const char **p, const char *end, const char *choices)
{
	if (*p == end || strchr(choices, **p) == NULL || **p == '\0')
		return -1;
	(*p)++;
	return 0;
}

static int
zone_parse(const char **p, const char *end, int *seconds)
{
	int sign, hours, minutes;

	*seconds = 0;
	if (literal(p, end, "Zz") == 0)
		return 0;
	if (*p == end)
		return -1;
	sign = **p == '-' ? -1 : 1;
	if (literal(p, end, "+-") < 0 || digits(p, end, 2, &hours) < 0 || literal(p, end, ":") < 0 ||
	    digits(p, end, 2, &minutes) < 0 || hours > 23 || minutes > 59)
		return -1;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return 0;
}

static int64_t
fraction_parse(const char **p, const char *end)
{
	int64_t ns = 0, unit = 100000000;

	if (*p == end || **p != '.')
		return 0;
	for ((*p)++; *p < end && **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		ns += (**p - '0') * unit;
	return ns;
}

int
timestamp_parse(const char *text, size_t n, int64_t *ns, struct error *e)
{
	const char *p = n > 0 ? text : "", *end = p + n;
	struct tm tm = { 0 };
	int zone;
	int64_t part;

	if (digits(&p, end, 4, &tm.tm_year) < 0 || literal(&p, end, "-") < 0 ||
	    digits(&p, end, 2, &tm.tm_mon) < 0 || literal(&p, end, "-") < 0 ||
	    digits(&p, end, 2, &tm.tm_mday) < 0 || literal(&p, end, "Tt ") < 0 ||
	    digits(&p, end, 2, &tm.tm_hour) < 0 || literal(&p, end, ":") < 0 ||
	    digits(&p, end, 2, &tm.tm_min) < 0 || literal(&p, end, ":") < 0 ||
	    digits(&p, end, 2, &tm.tm_sec) < 0)
		goto bad;
	part = fraction_parse(&p, end);
	if (zone_parse(&p, end, &zone) < 0 || p != end || tm.tm_mon < 1 || tm.tm_mon > 12 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 ||
	    tm.tm_year < 1970 || tm.tm_year > 2261) /* 64 bits of nanoseconds end in 2262 */
		goto bad;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ns = ((int64_t)timegm(&tm) - zone) * 1000000000 + part;
	return 0;
bad:
	return error_set(e, ERROR_INPUT,
	    "'%.*s' is not a time such as 2026-11-23T18:00:00.123Z (RFC 3339)",
	    (int)(n > 40 ? 40 : n), n > 0 ? text : "");
}
