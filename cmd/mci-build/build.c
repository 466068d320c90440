#include "build.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "additions.h"
#include "api.h"
#include "bounds.h"
#include "checkout.h"
#include "children.h"
#include "commandline.h"
#include "duration.h"
#include "emit.h"
#include "graph.h"
#include "inputs.h"
#include "intake.h"
#include "isolation.h"
#include "journal.h"
#include "kernel.h"
#include "logservice.h"
#include "loop.h"
#include "mask.h"
#include "memory.h"
#include "opening.h"
#include "outcome.h"
#include "plan.h"
#include "posted.h"
#include "progress.h"
#include "publish.h"
#include "resume.h"
#include "runner.h"
#include "schedule.h"
#include "script.h"
#include "signals.h"
#include "stop.h"
#include "transfer.h"
#include "turn.h"
#include "why.h"
#include "workspace.h"

struct build {
	const struct build_options *options;
	struct loop *loop;
	struct mask *mask;   /* what no log, plan or event is to tell */
	struct inputs inputs;
	struct declared declared;
	struct outcome outcome;
	struct workspace workspace;
	struct journal journal;
	struct graph graph;
	struct posted posted;
	struct turn turn;
	struct progress progress;
	struct runner runner;
	struct transfer transfer;
	struct filecalls files;
	struct schedule schedule;
	struct intake intake;
	struct script script;
	struct additions additions;
	struct api api;
	struct publish publish;
	struct signals signals;
	struct resume resume;    /* what was before this run */
	struct logservice *logs; /* keeps the script's log; NULL: none does */
	char *again;             /* what runs one of its jobs again, but for the job's id */
	struct loop_timer *deadline;
	bool canceled, broken; /* what follows from that was done */
	bool over;           /* build/end is written and everybody has read it: mci-build may end */
};

static bool
in_place(const struct build *b)
{
	return b->options->rev == NULL && !b->options->staged;
}

static const char *
door_open(void *api, const char *job, struct error *e)
{
	return api_door_open(api, job, e);
}

static void
door_close(void *api, const char *job)
{
	api_door_close(api, job);
}

/* Those below the schedule: what they tell of jobs goes up to it. */
static void
wire_below(struct build *b)
{
	const struct build_options *o = b->options;

	b->posted = (struct posted){ .mask = b->mask, .graph = &b->graph, .outcome = &b->outcome,
		.journal = &b->journal };
	b->turn = (struct turn){ .loop = b->loop, .journal = &b->journal, .outcome = &b->outcome,
		.workspace = &b->workspace, .project = b->inputs.definition.project };
	b->publish = (struct publish){ .loop = b->loop, .journal = &b->journal, .outcome = &b->outcome,
		.workspace = &b->workspace, .address = o->events, .insists = o->order != NULL };
	b->runner = (struct runner){ .loop = b->loop, .journal = &b->journal, .outcome = &b->outcome,
		.workspace = &b->workspace, .params = &b->inputs.params, .env = &o->env, .limits = &o->limits,
		.most = &o->most, .jobs = o->jobs,
		.name = o->runner, .podman = o->podman, .ports = o->ports, .stranger = o->stranger,
		.log = o->log, .events = &schedule_runner_events, .arg = &b->schedule,
		.door_open = door_open, .door_close = door_close, .doors = &b->api };
	b->signals = (struct signals){ .loop = b->loop, .outcome = &b->outcome, .runner = &b->runner,
		.progress = &b->progress, .publish = &b->publish, .ordered = o->order != NULL,
		.over = &b->over };
	b->transfer = (struct transfer){ .loop = b->loop, .journal = &b->journal, .outcome = &b->outcome,
		.at = { .graph = &b->graph, .workspace = &b->workspace, .address = o->blob,
			.log = o->order == NULL ? NULL : o->log,
			.scope = o->order == NULL ? "trusted" : o->order->trust, .mask = b->mask },
		.no_cache = o->no_cache, .limit = (uint32_t)o->jobs + 1,
		.events = &schedule_transfer_events, .arg = &b->schedule };
	b->files = (struct filecalls){ .loop = b->loop, .journal = &b->journal,
		.at = &b->transfer.at };
}

static void
wire_schedule(struct build *b)
{
	const struct build_options *o = b->options;
	/* mci-job is given more than it can run, so that it never waits for us; but what it was given
	 * starts, and --fail-fast means that it does not */
	uint32_t jobs = (uint32_t)o->jobs, window = o->fail_fast ? jobs : jobs * 2 + 2;

	b->progress = (struct progress){ .loop = b->loop, .journal = &b->journal, .outcome = &b->outcome,
		.schedule = &b->schedule, .workspace = &b->workspace, .blocked = o->blocked, .file = o->file,
		.given = o->given, .specs = b->inputs.definition.kind == DEFINITION_STDIN,
		.form = o->json ? "json" : option_common.quiet ? "none" : o->progress };
	b->schedule = (struct schedule){ .loop = b->loop, .journal = &b->journal, .outcome = &b->outcome,
		.graph = &b->graph, .runner = &b->runner, .transfer = &b->transfer, .turn = &b->turn,
		.past = &b->resume.past, .base = &b->resume.base, .fail_fast = o->fail_fast, .window = window,
		.hint = progress_hint(&b->progress),
		.events = &progress_schedule_events, .arg = &b->progress };
}

/* Those that bring jobs and orders. */
static void
wire_above(struct build *b)
{
	const struct build_options *o = b->options;

	b->intake = (struct intake){ .definition = &b->inputs.definition,
		.source = inputs_source(&b->inputs, o), .selection = &b->inputs.selection, .mask = b->mask,
		.graph = &b->graph, .schedule = &b->schedule, .tells = o->order != NULL,
		.prepare = { .params = &b->inputs.params, .outcome = &b->outcome, .workspace = &b->workspace,
			.env = &o->env, .runner = o->runner, .stranger = o->stranger, .plan = o->plan,
			.places = !in_place(b) || o->order != NULL, .unsealed = o->unsealed } };
	intake_init(&b->intake);
	b->script = (struct script){ .loop = b->loop, .definition = &b->inputs.definition,
		.given = &o->through,
		.workspace = &b->workspace, .mask = b->mask, .env = &o->env, .plan = o->plan,
		.isolation = { o->runner, o->stranger },
		.outcome = &b->outcome, .intake = &b->intake, .journal = &b->journal,
		.schedule = &b->schedule, .progress = &b->progress,
		.said = { .outcome = &b->outcome, .posted = &b->posted, .declared = &b->declared,
			.params = &b->inputs.params, .plan = o->plan, .declares = o->declares } };
	script_init(&b->script);
	b->api = (struct api){ .loop = b->loop, .outcome = &b->outcome, .workspace = &b->workspace,
		.turn = &b->turn, .mask = b->mask, .params = &b->inputs.params, .journal = &b->journal,
		.graph = &b->graph, .runner = &b->runner, .files = &b->files,
		.schedule = &b->schedule, .intake = &b->intake, .posted = &b->posted,
		.additions = &b->additions };
	b->additions = (struct additions){ .loop = b->loop, .filters = &b->script.filters,
		.intake = &b->intake, .journal = &b->journal, .outcome = &b->outcome };
}

static void
deadline_due(void *arg)
{
	struct build *b = arg;

	b->deadline = NULL;
	outcome_note(&b->outcome, "the build took longer than --timeout allows");
	outcome_cancel(&b->outcome, EXIT_BUILD_TIMEOUT, "timeout");
}

/* Whether parts have said of the build what the others have not heard yet. */
static bool
is_news(const struct build *b)
{
	return (b->outcome.canceled && !b->canceled) || (b->outcome.broken && !b->broken);
}

static void
settle(struct build *b)
{
	if (b->outcome.canceled && !b->canceled) {
		b->canceled = true;
		if (b->resume.past.canceled == NULL) {
			emit_text(journal_begin(&b->journal, "build/canceled"), "reason", b->outcome.reason);
			journal_end(&b->journal);
		}
		script_stop(&b->script);
		schedule_cancel_all(&b->schedule);
	}
	if (b->outcome.broken && !b->broken) {
		b->broken = true;
		schedule_drop_waiting(&b->schedule);
	}
	schedule_round(&b->schedule);
}

/* The last event. Everything that the build was asked for is decided now. */
static void
finish(struct build *b)
{
	schedule_forget(&b->schedule);
	bounds_end(&b->journal, &b->outcome, b->schedule.counts);
	runner_finish(&b->runner);
	script_stop(&b->script);
	progress_finish(&b->progress);
	b->outcome.finished = true;
}

/* What the jobs and the script are told of what is built; repo: ORG/REPO of the build's name. */
static void
facts_tell(struct build *b)
{
	const char *name = b->workspace.identity.name;
	AUTO_FREE char *repo = name == NULL ? NULL : xmemdup(name, (size_t)(strrchr(name, '/') - name));

	facts_export(&b->intake.facts, &b->intake.source, repo);
}

/* What a run before was told holds for this one. */
static void
take_up(struct build *b)
{
	struct past *past = &b->resume.past;
	struct error e;

	for (size_t i = 0; i < past->nadded && !outcome_ends(&b->outcome); i++) {
		if (intake_line(&b->intake, past->added[i], strlen(past->added[i]), &e) < 0)
			outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
	}
	if (past->canceled != NULL)
		outcome_cancel(&b->outcome, 128 + SIGTERM, past->canceled);
}

static int
parts_start(struct build *b, struct error *e)
{
	const char *door = b->api.path;

	facts_tell(b);
	take_up(b);
	/* people who build in a folder look for it there */
	if (b->options->order != NULL && b->options->log != NULL)
		b->script.logs = b->logs = logservice_new(b->loop, b->options->log,
		    b->workspace.identity.name, b->workspace.identity.run, true);
	if (runner_start(&b->runner, b->api.path, turn_lock(&b->turn), e) < 0 ||
	    (!b->progress.started && progress_start(&b->progress, e) < 0))
		return -1;
	if (isolation_wanted(&b->script.isolation) && (door = api_door_open(&b->api, NULL, e)) == NULL)
		return -1;
	/* a document is checked whole before its first job starts: schedule_round comes later */
	return script_start(&b->script, door, e);
}

/* The folder is ours to work in. */
static void
begin(struct build *b)
{
	struct error e = { 0 };

	b->outcome.begun = kernel.now();
	b->schedule.again = b->again = commandline_again(b->options, &b->workspace, b->mask);
	bounds_start(&b->journal, b->options, &b->workspace, b->inputs.definition.name, &b->resume.past);
	if (b->options->timeout > 0)
		b->deadline = loop_after(b->loop, b->options->timeout, deadline_due, b);
	if (parts_start(b, &e) < 0)
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
}

/* Whether nothing can be done in the folder: until a person lets a job go, or because all jobs work in copies
 * of it. */
static bool
idle(const struct build *b)
{
	if (b->outcome.finished)
		return !runner_alive(&b->runner);
	if (b->intake.ended && b->schedule.nshared == 0 && b->workspace.own != NULL)
		return true;
	return b->outcome.begun > 0 && b->schedule.nblocked > 0 && !schedule_works(&b->schedule);
}

/* The build had ended: whoever was to hear of it may not have. */
static void
end_again(struct build *b)
{
	if (b->outcome.finished)
		return;
	bounds_end_again(&b->journal, b->resume.past.end);
	b->outcome.finished = true;
	progress_finish(&b->progress);
}

/* What results and specs of this round lead to. */
static void
follow_up(struct build *b)
{
	bool over;

	if (b->resume.past.end != NULL) {
		end_again(b);
		return;
	}
	if (b->outcome.begun == 0 && !outcome_ends(&b->outcome) && turn_has(&b->turn))
		begin(b);
	settle(b);
	script_round(&b->script);
	/* what never began has no specs to wait for */
	over = !script_running(&b->script) && (b->outcome.begun > 0 || outcome_ends(&b->outcome));
	if (over && !b->intake.ended) {
		intake_end(&b->intake);
		settle(b);
	}
	if (over && progress_gives_up(&b->progress)) {
		progress_give_up(&b->progress);
		settle(b);
	}
	turn_round(&b->turn, idle(b), !b->outcome.finished && schedule_ready(&b->schedule));
	settle(b);
	/* nothing runs and nothing can come any more */
	if (over && !schedule_active(&b->schedule) && !b->outcome.finished)
		finish(b);
}

/* Without its log there is no build. */
static void
unwritten(struct build *b, const struct error *e)
{
	outcome_break(&b->outcome, EXIT_BUILD_ERROR, e);
	outcome_cancel(&b->outcome, EXIT_BUILD_ERROR, "the event log cannot be written");
	progress_abandon(&b->progress);
	publish_abandon(&b->publish);
	b->over = true;
}

/* The end of every round: results are followed up, what was gathered is written, the end is noticed. */
static void
round_end(void *arg)
{
	struct build *b = arg;
	struct error e;
	bool was_finished = b->outcome.finished;

	if (b->outcome.cut) {
		b->over = true;
		return;
	}
	do {
		follow_up(b);
		intake_store(&b->intake);
		if (journal_flush(&b->journal, &e) < 0) {
			unwritten(b, &e);
			return;
		}
		/* a reader of the log may have gone */
	} while (is_news(b));
	publish_round(&b->publish);
	/* mci-job, told that nothing more comes, ends meanwhile */
	if (b->outcome.finished && !was_finished) {
		journal_sync(&b->journal, &e);
		publish_finish(&b->publish);
	}
	b->over |= b->outcome.finished && !journal_feeds_open(&b->journal) && !progress_open(&b->progress) &&
	    !runner_alive(&b->runner) && !publish_open(&b->publish);
}

static struct opening
opening(struct build *b)
{
	return (struct opening){ b->options, b->loop, &b->outcome, &b->inputs.definition, &b->workspace,
		&b->resume };
}

/* The build has a number, and a log. */
static int
folder_open(struct build *b, struct error *e)
{
	const struct opening o = opening(b);
	AUTO_FREE char *events = NULL;
	AUTO_FREE char *plan = NULL;
	/* specs that came on standard input come from there again */
	bool planned = b->options->resume_at != NULL && b->inputs.definition.kind == DEFINITION_STDIN;

	if (opening_folder(&o, e) < 0)
		return -1;
	b->publish.repeats_known = b->options->resume_at != NULL;
	events = xformat("%s/events.ndjson", b->workspace.folder.path);
	plan = xformat("%s/plan.ndjson", b->workspace.folder.path);
	if ((!planned && intake_open(&b->intake, plan, e) < 0) ||
	    journal_open(&b->journal, b->loop, b->mask, events, &b->workspace.identity, e) < 0)
		return -1;
	b->journal.seq = b->resume.past.seq;
	b->journal.kept_elsewhere = b->options->order != NULL;
	b->publish.read = b->resume.told;
	b->publish.added = b->publish.answered = b->resume.told > 0 ? b->resume.past.seq : 0;
	if (b->options->resume_at != NULL) {
		emit_text(journal_begin(&b->journal, "build/initializing"), "resume", "workspace");
		journal_end(&b->journal);
	}
	return 0;
}

static int
open_all(struct build *b, struct error *e)
{
	const struct opening o = opening(b);

	if (signals_take(&b->signals, e) < 0 || folder_open(b, e) < 0)
		return -1;
	if (in_place(b))
		workspace_enter(&b->workspace, b->inputs.definition.project);
	else if (opening_checkout(&o, e) < 0 || (b->options->given == NULL &&
	    definition_move(&b->inputs.definition, b->workspace.dir, e) < 0))
		return -1;
	if (commandline_keep(b->options, &b->workspace, b->mask, e) < 0 || api_open(&b->api, e) < 0 ||
	    publish_start(&b->publish, e) < 0)
		return -1;
	if (turn_has(&b->turn))
		return 0;
	turn_wait(&b->turn);
	return progress_start(&b->progress, e);
}

/* --no-wait: there is no build then. */
static int
refuse(struct build *b)
{
	AUTO_FREE char *name = turn_holder(&b->turn);

	outcome_note(&b->outcome, "%s works in this folder", name);
	return EXIT_BUILD_BUSY;
}

/* The build is not ours any more: what it has started is killed first. */
static void
drop(struct build *b)
{
	struct error ignored;

	children_kill_all();
	additions_close(&b->additions);
	api_close(&b->api);
	script_close(&b->script);
	b->journal.failed = true;
	(void)journal_close(&b->journal, &ignored);
}

static int
verdict(const struct build *b)
{
	int exit_status;

	if (b->resume.past.end != NULL)
		return bounds_exit(b->resume.past.end);
	outcome_verdict(&b->outcome, &exit_status);
	return exit_status;
}

/* Whatever fails once the build has a log is in that log. */
static int
execute(struct build *b)
{
	struct error e = { 0 };
	int exit_status;

	turn_open(&b->turn, in_place(b));
	if (!turn_has(&b->turn) && b->options->no_wait)
		return refuse(b);
	if (open_all(b, &e) < 0) {
		if (!b->outcome.cut)
			outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
		if (b->journal.log.path == NULL)
			return e.code == ERROR_BUSY ? EXIT_BUILD_BUSY :
			    e.code == ERROR_USAGE ? EXIT_BUILD_USAGE : EXIT_BUILD_ERROR;
	}
	loop_on_idle(b->loop, round_end, b);
	round_end(b);
	while (!b->over) {
		if (loop_round(b->loop, -1, &e) < 0) {
			outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
			break;
		}
	}
	if (b->outcome.cut) {
		drop(b);
		return EXIT_BUILD_ERROR;
	}
	exit_status = verdict(b);
	progress_tell(&b->progress);
	if (!outcome_ends(&b->outcome))
		inputs_note(&b->inputs, &b->outcome);
	if (exit_status == 0 && b->progress.failed)
		exit_status = EXIT_BUILD_ERROR;
	additions_close(&b->additions);
	api_close(&b->api);
	script_close(&b->script);
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
	progress_close(&b->progress);
	publish_close(&b->publish);
	runner_close(&b->runner);
	transfer_close(&b->transfer);
	filecalls_close(&b->files);
	children_kill_all();
	logservice_free(b->logs);
	turn_close(&b->turn);
}

/* Rounds until the script, or standard input, has ended. */
static void
plan_round(void *arg)
{
	struct build *b = arg;

	if (b->outcome.broken || !script_running(&b->script))
		loop_stop(b->loop, 0);
}

static int
script_read(struct build *b, struct error *e)
{
	if (script_start(&b->script, NULL, e) < 0)
		return -1;
	if (!script_running(&b->script))
		return 0;
	loop_on_idle(b->loop, plan_round, b);
	return loop_run(b->loop, e) < 0 ? -1 : 0;
}

static int
definition_tell(struct build *b, struct error *e)
{
	const struct facts *facts = &b->intake.facts;

	if (b->options->why)
		return why_print(&b->graph, &b->options->asked, facts->known ? &facts->when : NULL,
		    b->options->json, e);
	if (!b->options->declares) {
		declared_plan(&b->declared);
		return plan_print(&b->graph, e);
	}
	declared_print(&b->declared, b->options->json);
	if (b->declared.n == 0 && !option_common.quiet)
		outcome_note(&b->outcome, "%s: declares no params", b->inputs.definition.name);
	return 0;
}

/* Reads all specs and prints them. */
static int
plan(struct build *b)
{
	struct error e;
	int result = 0;

	workspace_enter(&b->workspace, b->inputs.definition.project);
	facts_tell(b);
	result = script_read(b, &e);
	if (result == 0 && !b->intake.ended)
		intake_end(&b->intake);
	if (result == 0 && !b->outcome.broken)
		result = definition_tell(b, &e);
	if (result < 0)
		outcome_break(&b->outcome, e.code == ERROR_USAGE ? EXIT_BUILD_USAGE : EXIT_BUILD_ERROR, &e);
	script_close(&b->script);
	return b->outcome.broken ? b->outcome.broken_exit : EXIT_BUILD_SUCCESS;
}

/* Sets up what is known before anything is started. 0, or the exit status. What is wrong with an order
 * is an end of its build, which has a log. */
static int
prepare(struct build *b)
{
	const struct build_options *o = b->options;
	struct error e;
	int exit_status;

	b->loop = loop_new(&e);
	if (b->loop == NULL) {
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
		return EXIT_BUILD_ERROR;
	}
	exit_status = inputs_open(&b->inputs, o, b->mask, &b->outcome);
	if (exit_status == 0 && o->reuse != NULL && !o->plan &&
	    resume_reuse(&b->resume, o->reuse, o->from, b->inputs.definition.project, &e) < 0) {
		outcome_break(&b->outcome, EXIT_BUILD_ERROR, &e);
		return EXIT_BUILD_ERROR;
	}
	return o->order != NULL ? 0 : exit_status;
}

int
build_run(const struct build_options *o)
{
	struct mask *mask = mask_new();
	struct build b = { .options = o, .mask = mask, .outcome = { .mask = mask,
		.ordered = o->order != NULL } };
	int exit_status;

	graph_init(&b.graph);
	workspace_init(&b.workspace);
	exit_status = prepare(&b);
	if (exit_status == 0) {
		wire_below(&b);
		wire_schedule(&b);
		wire_above(&b);
		exit_status = o->plan ? plan(&b) : execute(&b);
		if (!o->plan)
			clean_up(&b);
		if (o->stop_at != NULL && !o->plan)
			stop_look(&b.graph, o->stop_at, b.workspace.identity.name, &b.outcome);
		intake_close(&b.intake);
		workspace_close(&b.workspace);
	}
	free(b.again);
	graph_free(&b.graph);
	loop_free(b.loop);
	resume_free(&b.resume);
	inputs_free(&b.inputs);
	declared_free(&b.declared);
	outcome_free(&b.outcome);
	mask_free(mask);
	return exit_status;
}
