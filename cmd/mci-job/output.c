#include "output.h"

#include "launch.h"
#include "limits.h"

#define BUDGET (4 * 1024 * 1024)           /* of output moved before the loop looks at others */
#define SHOWN_BUDGET (64 * 1024)           /* the same when it is shown line by line */

/* Moves output into the log; false when there will be no more. */
static bool
move(struct attempt *a, int which, int64_t budget)
{
	bool direct = a->site->settings->argv != NULL;
	uint32_t stream = a->spec.split ? (uint32_t)which + 1 : 0;
	struct error e = { 0 };
	enum logfile_result got;

	if (a->site->settings->interactive >= 0)
		return interactive_show(&a->site->interactive);
	got = logfile_drain(&a->log, a->pipes[which], stream, budget, direct ? 1 + which : -1, &e);
	display_update(&a->display);
	if (got == LOGFILE_ERROR) {
		if (a->error.code == ERROR_NONE)
			a->error = e;
		a->log_failed(a);
	} else if (a->log.cap > 0 && a->log.dropped > 0 && a->reason == NULL) {
		limits_over(a, LIMIT_LOG);
		a->log_failed(a);
		return false;
	}
	return got == LOGFILE_MORE;
}

static void
ready(struct attempt *a, int which)
{
	if (!move(a, which, a->display.fd < 0 ? BUDGET : SHOWN_BUDGET))
		launch_close(a, which);
}

static void
first_ready(void *arg, uint32_t events)
{
	(void)events;
	ready(arg, 0);
}

static void
second_ready(void *arg, uint32_t events)
{
	(void)events;
	ready(arg, 1);
}

loop_ready *const output_ready[2] = { first_ready, second_ready };

void
output_catch_up(struct attempt *a)
{
	for (int i = 0; i < 2; i++) {
		if (a->pipes[i] >= 0)
			move(a, i, BUDGET);
	}
}
