#include "build.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "api.h"
#include "checkout.h"
#include "children.h"
#include "duration.h"
#include "emit.h"
#include "folder.h"
#include "intake.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "names.h"
#include "plan.h"
#include "process.h"
#include "progress.h"
#include "prompt.h"
#include "publish.h"
#include "removal.h"
#include "runner.h"
#include "schedule.h"
#include "script.h"
#include "turn.h"

/*
 * How many ended builds of a folder are kept, and how often the older ones are removed: at once, since
 * ext4 finds new inodes slowly for seconds after some were freed.
 */
#define KEEP 100
#define PRUNE_EVERY 25

static void
deadline_due(void *arg)
{
	struct build *b = arg;

	b->deadline = NULL;
	outcome_note(&b->outcome, "the build took longer than --timeout allows");
	outcome_cancel(&b->outcome, EXIT_BUILD_TIMEOUT, "timeout");
}

enum status
build_status(const struct build *b)
{
	int exit_status;

	if (b->outcome.finished)
		return outcome_verdict(&b->outcome, &exit_status);
	if (b->outcome.canceled)
		return STATUS_CANCELED;
	return turn_waits(b) ? STATUS_PENDING : STATUS_RUNNING;
}

/* Whether parts have said of the build what the others have not heard yet. */
static bool
is_news(const struct build *b)
{
	return (b->outcome.canceled && !b->canceled) || (b->outcome.broken && !b->broken);
}

static void
pass_on(struct build *b)
{
	struct bytes *line;

	if (b->outcome.canceled && !b->canceled) {
		b->canceled = true;
		line = journal_begin(&b->journal, "build/canceled");
		emit_text(line, "reason", b->outcome.reason);
		journal_end(&b->journal);
		script_stop(b);
		schedule_cancel_all(b);
	}
	if (b->outcome.broken && !b->broken) {
		b->broken = true;
		schedule_drop_waiting(b);
	}
}

/* The last event. Everything that the build was asked for is decided now. */
static void
finish(struct build *b)
{
	static const enum status counted[] = { STATUS_SUCCESS, STATUS_FAILURE, STATUS_ERROR,
		STATUS_SKIPPED, STATUS_CANCELED };
	struct bytes *line = journal_begin(&b->journal, "build/end");
	uint32_t jobs = 0;
	int exit_status;

	emit_text(line, "status", status_name(outcome_verdict(&b->outcome, &exit_status)));
	emit_integer(line, "exit", exit_status);
	emit_seconds(line, "elapsed", b->outcome.begun == 0 ? 0 : kernel.now() - b->outcome.begun);
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		emit_integer(line, status_name(counted[i]), b->counts[counted[i]]);
		jobs += b->counts[counted[i]];
	}
	emit_integer(line, "jobs", jobs);
	if (b->outcome.broken)
		emit_text(line, "message", b->outcome.why.text);
	journal_end(&b->journal);
	runner_finish(b);
	script_stop(b);
	progress_finish(b);
	b->outcome.finished = true;
}

static void
specs_end(struct build *b)
{
	struct error e;
	bool usage;

	b->checked = true;
	if (!outcome_ends(&b->outcome) && intake_end(b, &usage, &e) < 0)
		outcome_break(&b->outcome, usage ? EXIT_BUILD_USAGE : EXIT_BUILD_ERROR, &e);
}

static void
plan_store(struct build *b)
{
	if (b->plan.len == 0 || b->plan_fd < 0)
		return;
	if (kernel_write_all(b->plan_fd, b->plan.data, b->plan.len) < 0) {
		close(b->plan_fd);
		b->plan_fd = -1; /* the journal, on the same disk, will say why */
	}
	b->plan.len = 0;
}

/* Nothing runs and nothing can come any more. */
static bool
exhausted(const struct build *b)
{
	return b->checked && !schedule_active(b) && !script_running(b);
}

static void begin(struct build *b);

static void
settle(struct build *b)
{
	pass_on(b);
	schedule_round(b);
}

/* What results and specs of this round lead to. */
static void
follow_up(struct build *b)
{
	if (b->outcome.begun == 0 && !outcome_ends(&b->outcome) && turn_has(b))
		begin(b);
	/* what never began has no specs to wait for */
	b->checked |= b->outcome.begun == 0 && outcome_ends(&b->outcome);
	settle(b);
	script_round(b);
	if (b->outcome.begun > 0 && !b->checked && !script_running(b)) {
		specs_end(b);
		settle(b);
	}
	if (b->checked && !script_running(b) && prompt_gives_up(b)) {
		prompt_give_up(b);
		settle(b);
	}
	turn_round(b);
	settle(b);
	if (exhausted(b) && !b->outcome.finished)
		finish(b);
}

/* Without its log there is no build. */
static void
unwritten(struct build *b, const struct error *e)
{
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, e);
	outcome_cancel(&b->outcome, EXIT_BUILD_ERROR, "the event log cannot be written");
	progress_abandon(b);
	publish_abandon(b);
	b->over = true;
}

/* The end of every round: results are followed up, what was gathered is written, the end is noticed. */
static void
round_end(void *arg)
{
	struct build *b = arg;
	struct error e;
	bool was_finished = b->outcome.finished;

	do {
		follow_up(b);
		plan_store(b);
		if (journal_flush(&b->journal, &e) < 0) {
			unwritten(b, &e);
			return;
		}
		/* a reader of the log may have gone */
	} while (is_news(b));
	publish_round(b);
	/* mci-job, told that nothing more comes, ends meanwhile */
	if (b->outcome.finished && !was_finished) {
		journal_sync(&b->journal, &e);
		publish_finish(b);
	}
	b->over |= b->outcome.finished && !journal_feeds_open(&b->journal) && !progress_open(b) &&
	    !runner_alive(b) && !publish_open(b);
}

/* The first asks everything to end, a second one does not wait for it. */
static void
interrupted(void *arg, const struct signalfd_siginfo *info)
{
	struct build *b = arg;
	int signal = (int)info->ssi_signo;

	/* behind the build's end only the waiting for readers is over; but whoever types ^C means a loop as
	 * well that may be around us */
	if (!b->outcome.finished || signal == SIGINT)
		process_caught(signal);
	if (b->outcome.finished) {
		progress_abandon(b);
		publish_abandon(b);
		b->over = true;
		return;
	}
	if (!b->outcome.canceled) {
		AUTO_FREE char *reason = xformat("SIG%s", sigabbrev_np(signal));
		outcome_cancel(&b->outcome, 128 + signal, reason);
		return;
	}
	if (signal == SIGINT)
		runner_kill(b);
}

/* ^Z: mci-job, in a group of its own, is stopped with us; the time stopped counts for nobody. */
static void
suspended(void *arg, const struct signalfd_siginfo *info)
{
	struct build *b = arg;
	int64_t before = kernel.now();

	(void)info;
	runner_signal(b, SIGTSTP);
	kill(getpid(), SIGSTOP);
	loop_shift(b->loop, kernel.now() - before);
	runner_signal(b, SIGCONT);
}

static int
signals_take(struct build *b, struct error *e)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

	signal(SIGPIPE, SIG_IGN);
	if (children_adopt(b->loop, NULL, NULL, e) < 0 ||
	    loop_on_signal(b->loop, SIGTSTP, suspended, b, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction old;

		/* nohup and background jobs of a shell come with these ignored: they stay so */
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (loop_on_signal(b->loop, ends[i], interrupted, b, e) < 0)
			return -1;
	}
	return 0;
}

/* The folder of the jobs' logs. */
static int
logs_open(struct build *b, struct error *e)
{
	AUTO_BYTES path = { 0 };

	if (b->options->log_dir != NULL) {
		b->logs = realpath(b->options->log_dir, NULL);
		return b->logs == NULL ? error_sys(e, "--log-dir %s", b->options->log_dir) : 0;
	}
	bytes_format(&path, "%s/", b->folder.path);
	logfile_folder(&path, b->identity.run);
	b->logs = xstrdup(bytes_string(&path));
	return folder_make(b->logs, e);
}

static int
folder_open(struct build *b, struct error *e)
{
	AUTO_FREE char *events = NULL;
	AUTO_FREE char *plan = NULL;

	if (state_build_new(&b->folder, b->definition.project, e) < 0)
		return -1;
	b->identity = IDENTITY_LOCAL(b->folder.name);
	if (logs_open(b, e) < 0)
		return -1;
	events = xformat("%s/events.ndjson", b->folder.path);
	plan = xformat("%s/plan.ndjson", b->folder.path);
	b->plan_fd = kernel.open(AT_FDCWD, plan, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (b->plan_fd < 0)
		return error_sys(e, "%s", plan);
	return journal_open(&b->journal, b->loop, events, &b->identity, e);
}

static void
checkout_note(void *arg, const char *text)
{
	const struct build *b = arg;

	outcome_note(&b->outcome, "%s", text);
}

static int
workspace_open(struct build *b, struct error *e)
{
	if (b->options->rev == NULL && !b->options->staged) {
		b->dir = xstrdup(b->definition.project);
		return 0;
	}
	b->checkout = xformat("%s/work", b->folder.path);
	return checkout_make(b->definition.project, b->options->rev, b->checkout, &b->dir, checkout_note, b,
	    e);
}

/* A definition inside the project is taken from the clean checkout as well. */
static int
definition_move(struct build *b, struct error *e)
{
	struct definition moved;
	const char *given = b->options->given;

	if (b->checkout == NULL || b->definition.kind == DEFINITION_STDIN || given != NULL)
		return 0;
	if (definition_find(&moved, b->dir, NULL, e) < 0)
		return -1;
	free(moved.project);
	moved.project = xstrdup(b->definition.project);
	definition_free(&b->definition);
	b->definition = moved;
	return 0;
}

static void
started(struct build *b)
{
	struct bytes *line = journal_begin(&b->journal, "build/start");

	emit_integer(line, "schema", CONTRACT_SCHEMA);
	emit_text(line, "folder", b->folder.path);
	emit_text(line, "logs", b->logs);
	if (b->options->log != NULL)
		emit_text(line, "log", b->options->log);
	emit_text(line, "dir", b->dir);
	emit_text(line, "definition", b->definition.name);
	emit_integer(line, "pid", getpid());
	emit_text(line, "source", b->identity.source);
	if (b->options->rev != NULL)
		emit_text(line, "rev", b->options->rev);
	journal_end(&b->journal);
}

static int
specs_start(struct build *b, struct error *e)
{
	bool usage;

	if (b->definition.kind != DEFINITION_DOCUMENT)
		return script_start(b, e);
	/* checked whole before its first job starts: schedule_round comes later */
	if (intake_document(b, &usage, e) < 0)
		outcome_break(&b->outcome, usage ? EXIT_BUILD_USAGE : EXIT_BUILD_ERROR, e);
	b->checked = true;
	return 0;
}

static int
open_all(struct build *b, struct error *e)
{
	if (signals_take(b, e) < 0 || folder_open(b, e) < 0 || workspace_open(b, e) < 0 ||
	    definition_move(b, e) < 0 || api_open(b, e) < 0 || publish_start(b, e) < 0)
		return -1;
	if (turn_has(b))
		return 0;
	turn_wait(b);
	return progress_start(b, e);
}

/* The folder is ours to work in. */
static void
begin(struct build *b)
{
	struct error e = { 0 };

	b->outcome.begun = kernel.now();
	started(b);
	if (b->options->timeout > 0)
		b->deadline = loop_after(b->loop, b->options->timeout, deadline_due, b);
	if (runner_start(b, &e) == 0 && (b->progress != NULL || progress_start(b, &e) == 0) &&
	    specs_start(b, &e) == 0)
		return;
	b->checked = true;
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
}

/* Whoever writes CC=clang may mean a variable, as make makes one of it: of a param that had no effect that
 * is said, once all that could have asked for it is over. */
static void
unused_params_note(const struct build *b)
{
	for (const struct param *p = NULL; (p = params_unused(&b->params, p)) != NULL;)
		outcome_note(&b->outcome, "param %s: no job names it in params and nobody asked for it; as a "
		    "variable all jobs get it by -e %s=VALUE", p->name, p->name);
}

/* --no-wait: there is no build then. */
static int
refuse(struct build *b)
{
	AUTO_FREE char *name = turn_holder(b);

	outcome_note(&b->outcome, "%s works in this folder", name);
	return EXIT_BUILD_BUSY;
}

/* Whatever fails once the build has a log is in that log. */
static int
execute(struct build *b)
{
	struct error e = { 0 };
	int exit_status;

	b->plan_fd = -1;
	turn_open(b);
	if (!turn_has(b) && b->options->no_wait)
		return refuse(b);
	if (open_all(b, &e) < 0) {
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
		if (b->journal.log.path == NULL)
			return EXIT_BUILD_ERROR;
	}
	loop_on_idle(b->loop, round_end, b);
	round_end(b);
	while (!b->over) {
		if (loop_round(b->loop, -1, &e) < 0) {
			outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
			break;
		}
	}
	outcome_verdict(&b->outcome, &exit_status);
	prompt_tell(b);
	if (!outcome_ends(&b->outcome))
		unused_params_note(b);
	if (exit_status == 0 && progress_failed(b))
		exit_status = EXIT_BUILD_ERROR;
	api_close(b);
	if (journal_close(&b->journal, &e) < 0 && exit_status == 0) {
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
		exit_status = EXIT_BUILD_ERROR;
	}
	return exit_status;
}

/* Nothing of a build stays behind: sockets, a clean checkout, processes. */
static void
clean_up(struct build *b)
{
	loop_cancel(b->loop, b->deadline);
	progress_free(b);
	publish_free(b);
	prompt_free(b);
	script_free(b);
	runner_free(b);
	children_kill_all();
	turn_free(b);
	if (b->checkout != NULL)
		(void)names_remove_tree(b->checkout, NULL);
	if (b->plan_fd >= 0)
		close(b->plan_fd);
	if (b->folder.name != NULL && b->folder.number % PRUNE_EVERY == 0) {
		AUTO_FREE char *repo = xmemdup(b->folder.name,
		    (size_t)(strrchr(b->folder.name, '/') - b->folder.name));
		removal_prune(repo, KEEP);
	}
	state_build_free(&b->folder);
	free(b->checkout);
	free(b->dir);
	free(b->logs);
	graph_free(&b->graph);
	bytes_free(&b->plan);
}

/* Nothing was found. A revision may have a definition where the work tree has none, and a bare repository has
 * no other place for one: definition_move looks into the checkout. */
static int
definition_none(struct build *b, const char *cwd, struct error *e)
{
	const struct build_options *o = b->options;
	const char *first = o->select.n > 0 ? o->select.items[0] : NULL;
	struct error ignored;

	if (o->rev != NULL && !o->plan)
		b->definition.project = checkout_project(cwd, &ignored);
	if (b->definition.project != NULL)
		return 0;
	if (first == NULL || !definition_meant(first))
		return -1;
	return error_set(e, ERROR_NOT_FOUND,
	    "nothing to build: no .mci folder in %s or above it; for the file write ./%s", cwd, first);
}

static int
definition_get(struct build *b, const char *cwd, struct error *e)
{
	const struct build_options *o = b->options;

	if (definition_find(&b->definition, cwd, o->given, e) == 0)
		return 0;
	return e->code == ERROR_NOT_FOUND && o->given == NULL ? definition_none(b, cwd, e) : -1;
}

int
build_run(const struct build_options *o)
{
	/* mci-job is given more than it can run, so that it never waits for us; but what it was given
	 * starts, and --fail-fast means that it does not */
	uint32_t jobs = (uint32_t)o->jobs, window = o->fail_fast ? jobs : jobs * 2 + 2;
	struct mask *mask = mask_new();
	struct build b = { .options = o, .window = window, .plan_fd = -1, .mask = mask,
		.outcome.mask = mask, .folder.lock = -1 };
	const struct params_given given = { &o->params, o->param_file, &o->secrets, &o->secret_files,
		&o->env };
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	struct error e = { 0 };
	int exit_status = EXIT_BUILD_ERROR;

	graph_init(&b.graph);
	if (cwd == NULL) {
		error_sys(&e, "the current folder");
		outcome_break(&b.outcome, EXIT_BUILD_ERROR, &e);
	} else if (selection_open(&b.selection, o->select, o->skip, o->labels, o->no_deps, &e) < 0 ||
	    params_load(&b.params, &given, b.mask, &e) < 0) {
		outcome_break(&b.outcome, EXIT_BUILD_USAGE, &e);
		exit_status = EXIT_BUILD_USAGE;
	} else if (definition_get(&b, cwd, &e) < 0 ||
	    (b.loop = loop_new(&e)) == NULL) {
		outcome_break(&b.outcome, EXIT_BUILD_ERROR, &e);
	} else if (o->plan) {
		b.dir = xstrdup(b.definition.project);
		exit_status = plan_run(&b);
		script_free(&b);
		graph_free(&b.graph);
		free(b.dir);
	} else {
		exit_status = execute(&b);
		clean_up(&b);
	}
	loop_free(b.loop);
	definition_free(&b.definition);
	selection_close(&b.selection);
	params_free(&b.params);
	outcome_free(&b.outcome);
	mask_free(b.mask);
	facts_free(&b.facts);
	return exit_status;
}
