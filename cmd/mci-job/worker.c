#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempt.h"
#include "cgroup.h"
#include "children.h"
#include "events.h"
#include "intake.h"
#include "keeper.h"
#include "kernel.h"
#include "leftovers.h"
#include "memory.h"
#include "names.h"
#include "process.h"
#include "rooms.h"
#include "requests.h"
#include "site.h"
#include "strays.h"

#define BACKLOG 64 /* specs that may wait, at least; twice the slots when that is more */

struct worker {
	struct site site;
	struct intake intake;
	struct requests requests;
	struct spec *queue;     /* ring of specs that wait for a slot */
	size_t first, waiting, room;
	int lifeline;
	const char *scratch;
	struct loop_timer *more; /* there is a slot and a spec for it: the next round comes at once */
	bool broken;            /* a bad line came: nothing more is started */
	bool gone;              /* nobody reads standard output */
	int signal;             /* that canceled everything */
	bool done;
	size_t failures, errors;
	struct ending last;     /* of the command in the direct mode */
};

static bool
direct(const struct worker *w)
{
	return w->site.settings->argv != NULL;
}

static void
queue_drop(struct worker *w)
{
	for (; w->waiting > 0; w->waiting--) {
		attempt_drop(&w->site, &w->queue[w->first]);
		spec_free(&w->queue[w->first]);
		w->first = (w->first + 1) % w->room;
		w->failures++;
	}
}

static void
cancel_all(struct worker *w)
{
	intake_stop(&w->intake);
	queue_drop(w);
	for (size_t i = 0; i < w->site.nattempts; i++) {
		if (w->site.attempts[i].state != ATTEMPT_FREE)
			attempt_cancel(&w->site.attempts[i], "canceled");
	}
}

static void
kill_all(struct worker *w)
{
	for (size_t i = 0; i < w->site.nattempts; i++) {
		if (w->site.attempts[i].state != ATTEMPT_FREE)
			attempt_kill(&w->site.attempts[i], "canceled");
	}
}

/* The first of these asks, the second does not wait for the answer. */
static void
told_to_end(void *arg, const struct signalfd_siginfo *info)
{
	struct worker *w = arg;

	if (w->signal != 0) {
		kill_all(w);
		report_drop(&w->site.report);
		return;
	}
	w->signal = (int)info->ssi_signo;
	cancel_all(w);
}

static void
reader_gone(void *arg, const struct error *why)
{
	struct worker *w = arg;

	w->gone = true;
	if (why != NULL) {
		fprintf(stderr, "mci-job: %s\n", why->text);
		w->broken = true;
	}
	cancel_all(w);
}

static void
keeper_gone(void *arg, uint32_t events)
{
	struct worker *w = arg;

	(void)events;
	children_kill_all();
	leftovers_run(w->scratch);
	(void)names_remove_tree(w->scratch, NULL);
	_exit(EXIT_ERROR);
}

static void
orphans_ended(void *arg)
{
	struct worker *w = arg;

	for (size_t i = 0; i < w->site.nattempts; i++)
		attempt_recheck(&w->site.attempts[i]);
}

static void
signal_all(struct worker *w, int signal)
{
	for (size_t i = 0; i < w->site.nattempts; i++) {
		if (w->site.attempts[i].state != ATTEMPT_FREE)
			attempt_signal(&w->site.attempts[i], signal);
	}
}

/* ^Z: the jobs stand still, then we; the time that passes meanwhile is nobody's. */
static void
stopped(void *arg, const struct signalfd_siginfo *info)
{
	struct worker *w = arg;
	int64_t since = kernel.now();

	(void)info;
	report_flush(&w->site.report);
	/* twice: the first time some were just starting others */
	signal_all(w, SIGSTOP);
	signal_all(w, SIGSTOP);
	kill(getpid(), SIGSTOP);
	loop_shift(w->site.loop, kernel.now() - since);
	signal_all(w, SIGCONT);
}

static void
bad_line(void *arg, uint64_t line, const char *error_name, const struct error *e)
{
	struct worker *w = arg;

	struct error masked = *e;

	w->broken = true;
	mask_error(w->site.mask, &masked);
	if (!w->site.report.events)
		fprintf(stderr, "mci-job: line %llu: %s\n", (unsigned long long)line, masked.text);
	event_error(&w->site.report, line, error_name, masked.text);
	intake_stop(&w->intake);
	queue_drop(w);
}

static bool
has_room(void *arg)
{
	const struct worker *w = arg;

	return w->waiting < w->room && !report_busy(&w->site.report);
}

static void
spec_came(void *arg, struct spec *s)
{
	struct worker *w = arg;

	w->queue[(w->first + w->waiting++) % w->room] = *s;
}

static void
request_came(void *arg, const struct message *m)
{
	struct worker *w = arg;

	requests_answer(&w->requests, &w->site.report, m);
}

/* Takes a waiting spec out of the middle of the ring. */
static bool
cancel_waiting(struct worker *w, const char *job)
{
	bool found = false;

	for (size_t i = 0; i < w->waiting; i++) {
		struct spec *s = &w->queue[(w->first + i) % w->room];

		if (!found && strcmp(s->id, job) == 0) {
			found = true;
			attempt_drop(&w->site, s);
			spec_free(s);
			w->failures++;
		}
		if (found && i + 1 < w->waiting)
			*s = w->queue[(w->first + i + 1) % w->room];
	}
	w->waiting -= found;
	return found;
}

static bool
cancel_job(void *arg, const char *job)
{
	struct worker *w = arg;

	for (size_t i = 0; i < w->site.nattempts; i++) {
		struct attempt *a = &w->site.attempts[i];

		if (a->state != ATTEMPT_FREE && strcmp(a->spec.id, job) == 0) {
			attempt_cancel(a, "canceled");
			return true;
		}
	}
	return cancel_waiting(w, job);
}

static int
mask_value(void *arg, const char *name, struct span value, struct error *e)
{
	struct worker *w = arg;

	process_private();
	if (mask_add(w->site.mask, value.p, value.n, e) < 0)
		return -1;
	return name == NULL ? 0 : secrets_set(&w->site.secrets, name, value.p, e);
}

static void
attempt_ended(void *arg, const struct ending *ending)
{
	struct worker *w = arg;

	w->last = *ending;
	w->site.scarce = false;
	w->failures += ending->outcome == OUTCOME_FAILURE;
	w->errors += ending->outcome == OUTCOME_ERROR;
}

static bool
may_start(const struct worker *w)
{
	return w->waiting > 0 && !w->site.scarce && w->site.opening < SITE_OPENING &&
	    !report_busy(&w->site.report);
}

/* Who was starved comes first. */
static void
admit(struct worker *w)
{
	for (size_t i = 0; i < w->site.nattempts && !w->site.scarce && w->site.opening < SITE_OPENING;
	    i++)
		attempt_retry(&w->site.attempts[i]);
	for (size_t i = 0; i < w->site.nattempts && may_start(w); i++) {
		struct spec *s = &w->queue[w->first];

		if (w->site.attempts[i].state != ATTEMPT_FREE)
			continue;
		w->first = (w->first + 1) % w->room;
		w->waiting--;
		attempt_start(&w->site.attempts[i], s);
	}
}

/* A reader of ours that takes nothing holds the jobs up instead of filling our memory. */
static void
hold(struct worker *w)
{
	bool busy = report_busy(&w->site.report);

	if (busy == w->site.held)
		return;
	w->site.held = busy;
	for (size_t i = 0; i < w->site.nattempts; i++)
		attempt_hold(&w->site.attempts[i], busy);
}

static void
next_round(void *arg)
{
	struct worker *w = arg;

	w->more = NULL;
}

/* Once a round: start what can be, read on, say what happened, see whether all is done. */
static void
step(void *arg)
{
	struct worker *w = arg;

	admit(w);
	intake_pump(&w->intake);
	admit(w);
	/* specs came for slots that are free, or what was started was over at once */
	if (w->site.running < w->site.nattempts && may_start(w) && w->more == NULL)
		w->more = loop_after(w->site.loop, 0, next_round, w);
	report_flush(&w->site.report);
	hold(w);
	if (w->intake.ended && w->waiting == 0 && w->site.running == 0 && w->site.report.out.len == 0) {
		w->done = true;
		loop_stop(w->site.loop, 0);
	}
}

/* How timeout(1) would end. */
static int
direct_status(const struct ending *last)
{
	if (strcmp(last->reason, "timeout") == 0)
		return EXIT_TIMEOUT;
	if (last->outcome == OUTCOME_ERROR) {
		fprintf(stderr, "mci-job: %s\n", last->error.text);
		return last->error.sys == ENOENT ? EXIT_NOT_FOUND :
		    last->error.sys == EACCES || last->error.sys == ENOEXEC ? EXIT_CANNOT_RUN : EXIT_ERROR;
	}
	if (last->error.code != ERROR_NONE) {
		fprintf(stderr, "mci-job: %s\n", last->error.text);
		return EXIT_ERROR;
	}
	return WIFSIGNALED(last->status) ? EXIT_SIGNAL + WTERMSIG(last->status) :
	    WEXITSTATUS(last->status);
}

static int
status_of(const struct worker *w)
{
	if (w->signal != 0)
		return EXIT_SIGNAL + w->signal;
	if (w->broken)
		return EXIT_ERROR;
	if (w->gone)
		return EXIT_SIGNAL + SIGPIPE;
	if (direct(w))
		return direct_status(&w->last);
	return w->failures > 0 ? EXIT_JOB_FAILED : w->errors > 0 ? EXIT_ERROR : 0;
}

static int
signals_open(struct worker *w, struct error *e)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	struct sigaction action;

	/* failed writes are told by their result */
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		/* ignored by whoever started us: it stays so */
		if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			continue;
		if (loop_on_signal(w->site.loop, ending[i], told_to_end, w, e) < 0)
			return -1;
	}
	return loop_on_signal(w->site.loop, SIGTSTP, stopped, w, e);
}

/* Where logs go: --log-dir, else for a moment the scratch folder; nowhere in the direct mode. */
static int
logs_open(struct worker *w, struct error *e)
{
	const char *folder = w->site.settings->log_dir;

	w->site.logs = -1;
	w->site.keep_logs = folder != NULL;
	if (folder == NULL && direct(w))
		return 0;
	if (folder == NULL)
		folder = w->scratch;
	else if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return error_sys(e, "create %s", folder);
	w->site.logs = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	return w->site.logs < 0 ? error_sys(e, "open %s", folder) : 0;
}

static void
slots_make(struct worker *w)
{
	w->site.nattempts = direct(w) ? 1 : (size_t)w->site.settings->jobs;
	w->site.attempts = xmalloc(w->site.nattempts * sizeof(*w->site.attempts));
	for (size_t i = 0; i < w->site.nattempts; i++)
		w->site.attempts[i].site = &w->site;
	w->room = w->site.nattempts * 2 > BACKLOG ? w->site.nattempts * 2 : BACKLOG;
	w->queue = xmalloc(w->room * sizeof(*w->queue));
}

/* The job that somebody wants to look into. */
static int
interactive_queue(struct worker *w, struct error *e)
{
	int fd = (int)w->site.settings->interactive;
	struct line_reader lines = { 0 };
	struct span line;
	struct spec s;
	ssize_t n;
	int result;

	while ((n = line_wait(&lines, fd)) > 0 && line_next(&lines, &line) == LINE_NONE)
		;
	close(fd);
	result = n <= 0 ? error_set(e, ERROR_INPUT, "--interactive: no job came") :
	    spec_read(&s, line.p, line.n, SPEC_ATTEMPT, e);
	line_free(&lines);
	if (result == 0)
		spec_came(w, &s);
	return result;
}

/* The command as a spec of its own. */
static void
direct_queue(struct worker *w)
{
	struct spec s = { .id = xstrdup("command"), .attempt = 1, .split = true };

	while (w->site.settings->argv[s.nargv] != NULL)
		s.nargv++;
	s.argv = xmalloc((s.nargv + 1) * sizeof(*s.argv));
	for (size_t i = 0; i < s.nargv; i++)
		s.argv[i] = xstrdup(w->site.settings->argv[i]);
	spec_set(&s, SPEC_ID, true);
	spec_set(&s, SPEC_ARGV, true);
	spec_came(w, &s);
}

static int
worker_open(struct worker *w, struct error *e)
{
	struct site *site = &w->site;

	site->loop = loop_new(e);
	if (site->loop == NULL || children_adopt(site->loop, orphans_ended, w, e) < 0 ||
	    signals_open(w, e) < 0 || logs_open(w, e) < 0 ||
	    loop_watch(site->loop, w->lifeline, EPOLLIN, keeper_gone, w, e) < 0)
		return -1;
	site->children_list = process_children_open();
	site->cwd = getcwd(NULL, 0);
	site->null = kernel.open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	if (site->cwd == NULL || site->null < 0)
		return error_sys(e, site->cwd == NULL ? "working folder" : "/dev/null");
	site->mask = mask_new();
	if (site->settings->log != NULL)
		site->logservice = logservice_new(site->loop, site->settings->log,
		    site->settings->build, site->settings->run, site->settings->insist);
	cgroups_open(&site->cgroups, "/proc/self/cgroup", "/proc/self/mountinfo");
	environment_open(&site->environment, site->settings->env, site->settings->nenv);
	slots_make(w);
	intake_open(&w->intake, site->loop);
	site->report.events = !direct(w) && strcmp(site->settings->progress, "json") == 0;
	if (direct(w)) {
		intake_stop(&w->intake);
		if (site->settings->interactive < 0)
			direct_queue(w);
		else if (interactive_queue(w, e) < 0)
			return -1;
	} else if (report_open(&site->report, site->loop, e) < 0) {
		return -1;
	}
	loop_on_idle(site->loop, step, w);
	return 0;
}

static void
worker_close(struct worker *w)
{
	struct site *site = &w->site;

	interactive_end(&site->interactive);
	strays_tell(site);
	process_list_free(&site->spared);
	process_list_free(&site->children);
	memory_close(&site->children_list);
	for (size_t i = 0; i < site->nattempts; i++) {
		if (site->attempts[i].notes_ready)
			notes_close(&site->attempts[i].notes, site->loop);
	}
	for (size_t i = 0; i < site->nattempts; i++)
		cgroup_remove(&site->attempts[i].cgroup);
	cgroups_close(&site->cgroups);
	logservice_free(site->logservice);
	free(site->attempts);
	free(w->queue);
	intake_close(&w->intake);
	report_close(&site->report);
	environment_close(&site->environment);
	secrets_free(&site->secrets);
	mask_free(site->mask);
	free(site->cwd);
	rooms_close(site);
	loop_free(site->loop);
}

static void
wire(struct worker *w)
{
	w->site.ended = attempt_ended;
	w->site.report.gone = reader_gone;
	w->intake.room = has_room;
	w->intake.spec = spec_came;
	w->intake.request = request_came;
	w->intake.bad = bad_line;
	w->requests.cancel = cancel_job;
	w->requests.mask = mask_value;
	w->site.arg = w->site.report.arg = w->intake.arg = w->requests.arg = w;
}

int
worker_run(void *arg, const char *scratch, int lifeline)
{
	struct worker w = { .site.settings = arg, .site.scratch = scratch, .lifeline = lifeline,
		.scratch = scratch };
	struct error e = { 0 };

	wire(&w);
	if (worker_open(&w, &e) == 0) {
		step(&w);
		if (w.done || loop_run(w.site.loop, &e) == 0) {
			int status = status_of(&w);

			worker_close(&w);
			return status;
		}
	}
	fprintf(stderr, "mci-job: %s\n", e.text);
	return EXIT_ERROR;
}
