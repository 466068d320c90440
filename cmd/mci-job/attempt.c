#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attemptlog.h"
#include "attemptnotes.h"
#include "containerwatch.h"
#include "copy.h"
#include "demands.h"
#include "duration.h"
#include "ending.h"
#include "events.h"
#include "finally.h"
#include "kernel.h"
#include "launch.h"
#include "limits.h"
#include "memory.h"
#include "names.h"
#include "output.h"
#include "outputs.h"
#include "place.h"
#include "process.h"
#include "rooms.h"
#include "services.h"
#include "strays.h"

#define AGAIN (INT64_C(10) * 1000000)      /* between two looks at what is left */
#define CHECKS 500                         /* then what the kernel cannot end is let be */

static void clear(struct attempt *a);
static void kill_all(struct attempt *a, const char *reason);
static void leader_ended(void *arg, int status, const struct rusage *usage);

static void
log_failed(struct attempt *a)
{
	launch_close(a, 0);
	launch_close(a, 1);
	kill_all(a, "limit:log");
}

static void
timers_cancel(struct attempt *a)
{
	struct loop_timer **const timers[] = { &a->timeout, &a->quiet, &a->grace, &a->again };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		loop_cancel(a->site->loop, *timers[i]);
		*timers[i] = NULL;
	}
}

/* Everything that the attempt holds is let go; the slot and its notes pipe are for the next one. */
static void
release(struct attempt *a)
{
	timers_cancel(a);
	attemptlog_leave(a);
	launch_undo(a);
	child_free(a->leader);
	command_free(&a->command);
	place_over(&a->place);
	copy_remove(a);
	rooms_leave(a);
	free(a->token);
	if (a->secrets != NULL && secrets_files(&a->spec))
		(void)names_remove_tree(a->secrets, NULL);
	free(a->secrets);
	bytes_free(&a->outputs);
	spec_free(&a->spec);
	limits_end(a);
	*a = (struct attempt){ .site = a->site, .notes = a->notes, .notes_ready = a->notes_ready,
		.cgroup = a->cgroup };
}

/* Whether it has a process, or had one. */
static bool
is_started(const struct attempt *a)
{
	return a->state >= ATTEMPT_COPYING && a->state != ATTEMPT_STARVED && a->state != ATTEMPT_STORING;
}

/* All that is to be known of it is. */
static void
tell(struct attempt *a)
{
	struct site *site = a->site;
	struct ending ending;

	mask_error(site->mask, &a->error);
	event_executed(a, a->verdict, (struct span){ a->outputs.data, a->outputs.len });
	ending = ending_of(a, a->verdict);
	ending_complain(a, &ending);
	if (a->logged && !site->keep_logs)
		launch_log_remove(a);
	release(a);
	site->running--;
	site->ended(site->arg, &ending);
}

static void
finish(struct attempt *a, const char *reason)
{
	bool storing;

	containerwatch_end(&a->container);
	if (is_started(a))
		output_catch_up(a);
	if (a->notes_ready)
		notes_end(&a->notes);
	a->logged = a->log.name != NULL;
	if (a->logged && logfile_rest(&a->log, &a->error) < 0)
		reason = "limit:log";
	timers_cancel(a);
	attemptlog_leave(a);
	launch_undo(a);
	storing = attemptlog_close(a, &reason, tell);
	if (a->place.output != NULL && outputs_take(a->place.output, a->site->mask, &a->outputs,
	    &a->error) < 0 && a->reason == NULL)
		reason = "limit:outputs";
	a->verdict = a->reason != NULL ? a->reason : reason;
	if (!storing)
		tell(a);
}

static void
give_up(struct attempt *a, struct error *e)
{
	a->error = *e;
	finish(a, "start");
}

static void
timed_out(void *arg)
{
	struct attempt *a = arg;

	a->timeout = NULL;
	attempt_cancel(a, "timeout");
}

/* Distinct for every attempt of this machine: the folder is ours alone, the job's name is in it once. */
static char *
token_make(const struct attempt *a)
{
	return xformat("MCI_OUTPUT=%s/%s@%d", a->site->scratch, a->spec.id, a->spec.attempt);
}

/* Has the log grown since the last look? Then there is time again from its last byte on. */
static void
quiet_due(void *arg)
{
	struct attempt *a = arg;
	int64_t size = a->log.size + a->log.dropped, left = a->spec.quiet_timeout;

	a->quiet = NULL;
	output_catch_up(a);
	if (size == a->quiet_size && a->log.size + a->log.dropped == size) {
		AUTO_BYTES text = { 0 };

		duration_write(&text, left);
		if (a->reason == NULL)
			error_set(&a->error, ERROR_LIMIT, "no output for %s", bytes_string(&text));
		attempt_cancel(a, "timeout");
		return;
	}
	a->quiet_size = a->log.size + a->log.dropped;
	left -= kernel.wall() - a->log.last;
	left = left < MILLISECOND ? MILLISECOND : left > a->spec.quiet_timeout ? a->spec.quiet_timeout : left;
	a->quiet = loop_after(a->site->loop, left, quiet_due, a);
}

/* It may have had too much of something. */
static void
limit_hit(void *arg, uint32_t events)
{
	struct attempt *a = arg;
	const char *reason = limits_hit(a, -1);

	(void)events;
	if (reason == NULL || (a->state != ATTEMPT_RUNNING && a->state != ATTEMPT_COPYING))
		return;
	a->cut = a->cut || a->closing;
	kill_all(a, a->closing ? NULL : reason);
}

static void
limits_due(void *arg)
{
	struct attempt *a = arg;

	/* of one that has ended, and only waits for its log, nothing is looked at any more */
	a->look = NULL;
	limit_hit(a, 0);
	if (a->state == ATTEMPT_RUNNING)
		limits_watch(a, limits_due);
}

static void
begin(struct attempt *a)
{
	int64_t timeout = a->limits.of[LIMIT_TIMEOUT];

	a->state = ATTEMPT_RUNNING;
	a->start = kernel.now();
	limits_watch(a, limits_due);
	event_start(a);
	a->container = containerwatch_begin(a, &a->place, &a->spec, NULL);
	attemptnotes_entry(a);
	if (timeout > 0)
		a->timeout = loop_after(a->site->loop, timeout, timed_out, a);
	if (a->spec.quiet_timeout > 0)
		a->quiet = loop_after(a->site->loop, a->spec.quiet_timeout, quiet_due, a);
}

static void
prepare(struct attempt *a, struct spec *spec)
{
	a->spec = *spec;
	a->pipes[0] = a->pipes[1] = a->ends[0] = a->ends[1] = a->ends[2] = a->wait = -1;
	a->log = (struct logfile_writer){ .fd = -1, .index = -1 };
	a->display.fd = -1;
	a->log_failed = log_failed;
	a->token = token_make(a);
	a->site->running++;
}

/* Of what the system had too little for is more when another attempt has ended. */
static bool
shortage(const struct attempt *a, const struct error *e)
{
	if (e->code != ERROR_SYSTEM ||
	    (e->sys != EMFILE && e->sys != ENFILE && e->sys != EAGAIN && e->sys != ENOMEM))
		return false;
	for (size_t i = 0; i < a->site->nattempts; i++) {
		const struct attempt *other = &a->site->attempts[i];

		if (other != a && other->state != ATTEMPT_FREE && other->state != ATTEMPT_STARVED)
			return true;
	}
	return false;
}

/* It could not be started, now or for good. */
static void
not_started(struct attempt *a, struct error *e)
{
	if (!shortage(a, e)) {
		give_up(a, e);
		return;
	}
	launch_undo(a);
	a->state = ATTEMPT_STARVED;
	a->site->scarce = true;
}

/* There will be no first process. */
static void
not_entered(struct attempt *a)
{
	a->reason = a->reason == NULL ? "start" : a->reason;
	a->state = ATTEMPT_CLEARING;
	a->killing = a->cut = true;
	clear(a);
}

static void
served(struct attempt *a, bool all)
{
	if (all && launch_entry(a, leader_ended, &a->error) == 0)
		begin(a);
	else
		not_entered(a);
}

/* What stands before the first process: the services that it needs. */
static void
enter(struct attempt *a)
{
	if (a->spec.nservices == 0) {
		served(a, true);
		return;
	}
	a->state = ATTEMPT_SERVING;
	services_start(a, served);
}

/* The folder that it works in is there. */
static void
copied(void *arg, int status, const struct rusage *usage)
{
	struct attempt *a = arg;

	(void)usage;
	child_free(a->leader);
	a->leader = NULL;
	if (a->reason == NULL && copy_ended(status, &a->error) == 0)
		enter(a);
	else
		not_entered(a);
}

/* All that it needs is there. */
static void
go(struct attempt *a)
{
	bool copies = a->spec.workspace != NULL && !a->spec.staged;
	struct error e = { 0 };

	copy_name(a);
	if (limits_prepare(a, limit_hit, &e) < 0 || launch_log(a, &e) < 0 ||
	    (copies ? copy_start(a, copied, &e) :
	    a->spec.nservices > 0 ? 0 : launch_entry(a, leader_ended, &e)) < 0) {
		not_started(a, &e);
		return;
	}
	a->state = ATTEMPT_COPYING;
	if (!copies && a->spec.nservices > 0)
		enter(a);
	else if (!copies)
		begin(a);
	if (a->site->held)
		attempt_hold(a, true);
}

static void
log_opened(struct attempt *a, struct error *why)
{
	if (why->code == ERROR_NONE)
		go(a);
	else
		give_up(a, why);
}

static void
set_up(struct attempt *a)
{
	struct error e = { 0 };
	int asked;

	if (attemptnotes_open(a, &e) < 0 || launch_open(a, output_ready, &e) < 0 ||
	    (asked = attemptlog_open(a, log_opened, &e)) < 0)
		not_started(a, &e);
	else if (asked == 0)
		go(a);
}

void
attempt_start(struct attempt *a, struct spec *spec)
{
	struct error e = { 0 };

	prepare(a, spec);
	event_initializing(a);
	a->secrets = xformat("%s.secrets", strchr(a->token, '=') + 1);
	if (secrets_apply(&a->site->secrets, &a->spec, a->secrets, &e) < 0 ||
	    demands_check(a->site->settings, &a->site->environment, &a->spec, &e) < 0 ||
	    place_open(&a->place, a->site->settings, &a->spec, &e) < 0)
		give_up(a, &e);
	else
		set_up(a);
}

void
attempt_retry(struct attempt *a)
{
	if (a->state == ATTEMPT_STARVED)
		set_up(a);
}

/* Starts the process of a->entry in the place of one that has ended. */
static int
process_next(struct attempt *a, struct error *e)
{
	const struct spec_entry *entry = a->closing ? &a->spec.finally[a->entry] : &a->spec.script[a->entry];

	containerwatch_end(&a->container);
	child_free(a->leader);
	a->leader = NULL;
	if (entry->name != NULL)
		output_catch_up(a);
	if (launch_entry(a, leader_ended, e) < 0)
		return -1;
	a->state = ATTEMPT_RUNNING;
	a->container = containerwatch_begin(a, &a->place, &a->spec, NULL);
	attemptnotes_entry(a);
	return 0;
}

/* A process of the script has ended well, at its last entry: the next one. False when there is none. */
static bool
script_next(struct attempt *a)
{
	size_t end = a->first + a->part.n;
	struct error e = { 0 };

	if (a->closing || end >= a->spec.nscript || a->reason != NULL || !WIFEXITED(a->status) ||
	    WEXITSTATUS(a->status) != 0 || (a->command.tells && a->entry + 1 < end))
		return false;
	a->entry = end;
	if (process_next(a, &e) == 0)
		return true;
	a->error = e;
	a->reason = "start";
	return false;
}

static void
leader_ended(void *arg, int status, const struct rusage *usage)
{
	struct attempt *a = arg;
	const char *limit;

	containerwatch_look(a->container);
	launch_ended(a, &status);
	if (!a->closing)
		a->status = status;
	ending_usage(a, usage);
	limit = a->reason != NULL || a->closing ? NULL : limits_hit(a, status);
	if (limit != NULL)
		a->reason = limit;
	/* what the shell told is older than its end */
	if (a->notes_ready && a->command.tells)
		notes_drain(&a->notes);
	attemptnotes_entry_end(a, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	if (script_next(a))
		return;
	a->state = ATTEMPT_CLEARING;
	/* it ended by itself: what it leaves behind has no claim to a grace time */
	if (a->reason == NULL || a->closing || limit != NULL)
		a->killing = true;
	clear(a);
}

void
attempt_signal(struct attempt *a, int signal)
{
	if (!is_started(a))
		return;
	/* at one blow, as far as it goes: looking for one after another, many would go on meanwhile */
	if (signal == SIGKILL)
		child_signal_group(a->leader, SIGKILL);
	launch_signal(a, signal);
	strays_signal(a, signal);
}

/* KILL did not end the leader: it is another user's by now, or hangs in the kernel. */
static void
let_be(struct attempt *a)
{
	char name[64];

	process_name(child_pid(a->leader), name);
	error_set(&a->error, ERROR_SYSTEM, "process %d (%s) could not be killed and goes on",
	    (int)child_pid(a->leader), name);
	strays_spare(a->site, child_pid(a->leader));
	finish(a, ending_reason(a));
}

static void
finally_over(void *arg)
{
	struct attempt *a = arg;

	a->timeout = NULL;
	a->cut = true;
	if (a->error.code == ERROR_NONE)
		error_set(&a->error, ERROR_LIMIT, "finally took too long and was killed");
	kill_all(a, NULL);
}

/* Starts the next entry of finally, in a shell of its own; false when there is none any more. */
static bool
finally_next(struct attempt *a)
{
	struct error e = { 0 };

	if (a->spec.nfinally == 0 || a->cut)
		return false;
	if (a->closing)
		a->entry++;
	else
		finally_begin(a, finally_over);
	loop_cancel(a->site->loop, a->again);
	a->again = NULL;
	a->killing = false;
	a->checks = 0;
	for (; a->entry < a->spec.nfinally; a->entry++) {
		if (process_next(a, &e) == 0)
			return true;
		if (a->error.code == ERROR_NONE) {
			a->error = e;
			error_before(&a->error, "finally: ");
		}
	}
	return false;
}

/* What its runner had left outside our processes is gone as well. */
static void
undone(void *arg, int status, const struct rusage *usage)
{
	struct attempt *a = arg;

	(void)status;
	(void)usage;
	containerwatch_end(&a->container);
	a->state = ATTEMPT_CLEARING;
	clear(a);
}

/* Nothing at all is left of it. */
static void
services_gone(struct attempt *a)
{
	finish(a, ending_reason(a));
}

static void
look_again(void *arg)
{
	struct attempt *a = arg;

	a->again = NULL;
	a->checks += a->killing;
	if (a->state == ATTEMPT_CLEARING)
		clear(a);
	else if (a->checks >= CHECKS || !process_may_kill(child_pid(a->leader)))
		let_be(a);
	else
		a->again = loop_after(a->site->loop, AGAIN, look_again, a);
}

/* The leader is gone: the attempt is over as soon as nothing else of it is left. */
static void
clear(struct attempt *a)
{
	bool left;

	if (a->killing)
		child_signal_group(a->leader, SIGKILL);
	left = strays_signal(a, a->killing ? SIGKILL : 0);

	/* at the latest now, for the leader still holds its number: those whose parents we cannot see */
	if (a->killing || !left)
		child_signal_group(a->leader, SIGKILL);
	if (a->checks >= CHECKS)
		strays_spare_all(a);
	if (!left || a->checks >= CHECKS) {
		if (launch_leftovers(a, undone) || finally_next(a))
			return;
		containerwatch_end(&a->container);
		if (!services_end(a, services_gone))
			finish(a, ending_reason(a));
		return;
	}
	/* most are reaped by us, which calls attempt_recheck; whose parent lives on is not */
	if (a->again == NULL)
		a->again = loop_after(a->site->loop, AGAIN, look_again, a);
}

void
attempt_recheck(struct attempt *a)
{
	if (a->state == ATTEMPT_CLEARING)
		clear(a);
}

static void
kill_all(struct attempt *a, const char *reason)
{
	if (a->reason == NULL)
		a->reason = reason;
	a->killing = true;
	a->checks = 0;
	if (a->state == ATTEMPT_FREE)
		return;
	if (a->state == ATTEMPT_STORING) {
		tell(a);
		return;
	}
	if (!is_started(a)) {
		finish(a, a->reason);
		return;
	}
	if (a->state == ATTEMPT_SERVING) {
		not_entered(a);
		return;
	}
	attempt_signal(a, SIGKILL);
	if (a->again == NULL)
		a->again = loop_after(a->site->loop, AGAIN, look_again, a);
}

static void
grace_over(void *arg)
{
	struct attempt *a = arg;

	a->grace = NULL;
	kill_all(a, a->reason);
}

void
attempt_cancel(struct attempt *a, const char *reason)
{
	a->hurried = true;
	if (a->closing)
		finally_hurry(a, finally_over);
	if (a->reason != NULL || a->killing || a->closing || a->state == ATTEMPT_STORING)
		return;
	a->reason = reason;
	if (!is_started(a)) {
		finish(a, reason);
		return;
	}
	if (a->state == ATTEMPT_SERVING) {
		not_entered(a);
		return;
	}
	attempt_signal(a, SIGTERM);
	a->grace = loop_after(a->site->loop, GRACE, grace_over, a);
}

void
attempt_kill(struct attempt *a, const char *reason)
{
	a->cut = true;
	kill_all(a, a->closing ? NULL : reason);
}

void
attempt_hold(struct attempt *a, bool on)
{
	uint32_t events = on ? 0 : EPOLLIN;

	if (a->notes_ready)
		loop_change(a->site->loop, a->notes.read, events);
	for (int i = 0; i < 2 && a->state != ATTEMPT_FREE && a->display.into != NULL; i++) {
		if (a->pipes[i] >= 0)
			loop_change(a->site->loop, a->pipes[i], events);
	}
}

void
attempt_drop(struct site *site, const struct spec *spec)
{
	event_dropped(&site->report, spec->id, spec->attempt);
}
