#include "attemptlog.h"

#include "events.h"
#include "launch.h"
#include "logfile.h"

/* Whoever runs us may have to stop all of the build. */
static void
fenced_tell(struct attempt *a, const struct error *why)
{
	if (why->code == ERROR_FENCED)
		event_error(&a->site->report, 0, "fenced", why->text);
}

static void
opened(void *arg, const int fds[2], const struct error *why)
{
	struct attempt *a = arg;
	struct error e = *why;

	a->asked = NULL;
	a->site->opening--;
	fenced_tell(a, why);
	if (e.code == ERROR_NONE && logfile_adopt(&a->log, fds[0], fds[1], a->spec.id, &e) == 0)
		e = (struct error){ 0 };
	a->log_opened(a, &e);
}

int
attemptlog_open(struct attempt *a, void (*told)(struct attempt *a, struct error *why), struct error *e)
{
	struct site *site = a->site;

	if (site->logs < 0 || a->log.name != NULL)
		return 0;
	if (site->logservice == NULL)
		return logfile_open(&a->log, site->logs, a->spec.id, a->spec.attempt, e);
	if (launch_log_room(site, e) < 0)
		return -1;
	a->asked = logservice_open(site->logservice, a->spec.id, a->spec.attempt, opened, a, e);
	if (a->asked == NULL)
		return -1;
	a->log_opened = told;
	site->opening++;
	a->state = ATTEMPT_OPENING;
	return 1;
}

static void
closed(void *arg, const struct error *why)
{
	struct attempt *a = arg;

	a->asked = NULL;
	fenced_tell(a, why);
	if (why->code != ERROR_NONE) {
		a->error = *why;
		a->verdict = "limit:log";
	}
	a->log_closed(a);
}

bool
attemptlog_close(struct attempt *a, const char **reason, void (*told)(struct attempt *a))
{
	struct site *site = a->site;

	if (a->log.name == NULL)
		return false;
	if (logfile_close(&a->log, &a->error) < 0)
		*reason = "limit:log";
	/* a server that nobody insists on sees the end of the log for itself, later */
	if (site->logservice == NULL || !site->settings->insist)
		return false;
	a->log_closed = told;
	a->state = ATTEMPT_STORING;
	a->asked = logservice_close(site->logservice, a->spec.id, a->spec.attempt, closed, a);
	return true;
}

void
attemptlog_leave(struct attempt *a)
{
	if (a->asked == NULL)
		return;
	logservice_cancel(a->asked);
	a->asked = NULL;
	a->site->opening -= a->state == ATTEMPT_OPENING;
}
