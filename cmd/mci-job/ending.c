#include "ending.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "reason.h"

const char *
ending_reason(const struct attempt *a)
{
	return a->reason != NULL ? a->reason : WIFSIGNALED(a->status) ? "signal" : "exit";
}

static int64_t
nanoseconds(struct timeval t)
{
	return ((int64_t)t.tv_sec * 1000000 + t.tv_usec) * 1000;
}

void
ending_usage(struct attempt *a, const struct rusage *usage)
{
	int64_t rss = (int64_t)usage->ru_maxrss * 1024;

	a->user += nanoseconds(usage->ru_utime);
	a->system += nanoseconds(usage->ru_stime);
	a->maxrss = rss > a->maxrss ? rss : a->maxrss;
}

static enum outcome
outcome_of(const struct attempt *a, const char *reason)
{
	if (strcmp(reason, "start") == 0 || strcmp(reason, "service") == 0)
		return OUTCOME_ERROR;
	return strcmp(reason, "exit") == 0 && WEXITSTATUS(a->status) == 0 ? OUTCOME_SUCCESS :
	    OUTCOME_FAILURE;
}

struct ending
ending_of(const struct attempt *a, const char *reason)
{
	return (struct ending){ .outcome = outcome_of(a, reason), .reason = reason, .status = a->status,
		.error = a->error };
}

void
ending_complain(const struct attempt *a, const struct ending *ending)
{
	const struct site *site = a->site;
	struct reason why = { .name = { ending->reason, strlen(ending->reason) }, .exit = -1, .signal = -1 };
	AUTO_BYTES text = { 0 };

	if (ending->outcome == OUTCOME_SUCCESS || site->settings->argv != NULL || site->report.events)
		return;
	if (WIFEXITED(a->status))
		why.exit = WEXITSTATUS(a->status);
	else
		why.signal = WTERMSIG(a->status);
	if (a->error.code != ERROR_NONE)
		why.error = (struct span){ a->error.text, strlen(a->error.text) };
	reason_add(&text, &why);
	fprintf(stderr, "mci-job: %s: %s\n", a->spec.id, bytes_string(&text));
}
