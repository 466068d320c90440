#include "moment.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "duration.h"
#include "timestamp.h"

/* Whole texts, as strptime(3) reads them. */
static const char *const forms[] = {
	"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
	"%H:%M", "%H:%M:%S",
};

/* The local moment in nanoseconds; false when there is no such day, or none that fits. */
static bool
local(struct tm *tm, int64_t *ns)
{
	int day = tm->tm_mday;
	time_t t;

	tm->tm_isdst = -1;
	t = mktime(tm);
	return t >= 0 && tm->tm_mday == day && !__builtin_mul_overflow((int64_t)t, SECOND, ns);
}

/* The day that lies back days before that of now began. */
static bool
day_began(int64_t now, int back, int64_t *ns)
{
	time_t t = (time_t)(now / SECOND);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= back;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	*ns = (int64_t)t * SECOND;
	return t >= 0;
}

static bool
form_parse(const char *text, int64_t now, int64_t *ns)
{
	time_t t = (time_t)(now / SECOND);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm;
		const char *end;

		if (localtime_r(&t, &tm) == NULL)
			return false;
		tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
		end = strptime(text, forms[i], &tm);
		if (end != NULL && *end == '\0')
			return local(&tm, ns);
	}
	return false;
}

int
moment_parse(const char *text, int64_t now, int64_t *ns, struct error *e)
{
	size_t n = strlen(text);
	int64_t ago;

	if (duration_parse(text, n, &ago, NULL) == 0) {
		*ns = now > ago ? now - ago : 0;
		return 0;
	}
	if (strcmp(text, "now") == 0) {
		*ns = now;
		return 0;
	}
	if (strcmp(text, "today") == 0 ? day_began(now, 0, ns) :
	    strcmp(text, "yesterday") == 0 ? day_began(now, 1, ns) :
	    timestamp_parse(text, n, ns, NULL) == 0 || form_parse(text, now, ns))
		return 0;
	return error_set(e, ERROR_USAGE, "'%.80s' is no time such as " MOMENT_FORMS, text);
}
