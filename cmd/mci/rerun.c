#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buildcommand.h"
#include "bytes.h"
#include "emit.h"
#include "fold.h"
#include "glance.h"
#include "memory.h"
#include "place.h"
#include "process.h"
#include "remote.h"
#include "verbs.h"

struct options {
	bool failed, no_cache;
	const char *from;
	struct option_list params;
};

static const struct option options[] = {
	{ .name = "failed", .help = "only what did not succeed, and what is behind it",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, failed) },
	{ .name = "from", .value = "JOB", .help = "only this job and what is behind it",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, from), .choices = "jobs" },
	{ .name = "no-cache", .help = "take no result from the store", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, no_cache) },
	{ .letter = 'p', .name = "param", .value = "K=V", .help = "with this param; may be given again",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, params) },
};

/* Whether the build had such a job, or a matrix of that id. */
static bool
has_job(const struct fold *f, const char *id)
{
	size_t n = strlen(id);

	for (size_t i = 0; i < f->njobs; i++) {
		const char *other = f->jobs[i].id;

		if (strncmp(other, id, n) == 0 && (other[n] == '\0' || other[n] == '.'))
			return true;
	}
	return false;
}

/* Whether the jobs that are asked for are there to be run again. */
static int
jobs_check(const struct options *o, const struct state_build *b, struct error *e)
{
	struct fold f;
	int result;

	if (o->failed && o->from != NULL)
		return error_set(e, ERROR_USAGE, "--failed and --from do not go together");
	if (!o->failed && o->from == NULL)
		return 0;
	if (state_build_running(b))
		return error_set(e, ERROR_BUSY, "%s has not ended yet", b->name);
	fold_init(&f);
	result = glance_all(&f, b, e);
	if (result == 0 && o->failed && f.status == STATUS_SUCCESS)
		result = error_set(e, ERROR_NOT_FOUND, "%s: no job failed", b->name);
	if (result == 0 && o->from != NULL && !has_job(&f, o->from))
		result = error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'", b->name, o->from);
	fold_free(&f);
	return result;
}

/* Becomes mci-build. Returns only without it. */
static int
become(const struct options *o, const struct buildcommand *a, const struct state_build *b, struct error *e)
{
	AUTO_FREE char *path = process_kit("mci-build");
	AUTO_FREE char **argv = xmalloc((a->n + 2 * o->params.n + 12) * sizeof(*argv));
	size_t n = 0;

	argv[n++] = (char *)(uintptr_t)"mci-build";
	if (option_common.quiet)
		argv[n++] = (char *)(uintptr_t)"-q";
	argv[n++] = (char *)(uintptr_t)"--color";
	argv[n++] = (char *)(uintptr_t)option_common.color;
	if (o->failed || o->from != NULL) {
		argv[n++] = (char *)(uintptr_t)"--reuse";
		argv[n++] = b->path;
	}
	if (o->from != NULL) {
		argv[n++] = (char *)(uintptr_t)"--from";
		argv[n++] = (char *)(uintptr_t)o->from;
	}
	for (size_t i = 0; i < a->n; i++)
		argv[n++] = a->argv[i];
	if (o->no_cache)
		argv[n++] = (char *)(uintptr_t)"--no-cache";
	for (size_t i = 0; i < o->params.n; i++) {
		argv[n++] = (char *)(uintptr_t)"-p";
		argv[n++] = (char *)(uintptr_t)o->params.items[i];
	}
	argv[n] = NULL;
	process_become(path == NULL ? "mci-build" : path, argv);
	return error_sys(e, "mci-build");
}

/* At its server: what came of it is another build, whose name is printed. */
static int
rerun_remote(const struct options *o, const struct state_build *b, struct error *e)
{
	AUTO_BYTES params = { 0 };
	struct remote_build again;

	emit_open(&params);
	emit_span(&params, "repo", (struct span){ b->name, (size_t)(strrchr(b->name, '/') - b->name) });
	emit_text(&params, "event", "rerun");
	emit_key(&params, "rerun");
	emit_open(&params);
	emit_text(&params, "of", b->name);
	if (o->failed)
		emit_bool(&params, "failed", true);
	if (o->from != NULL)
		emit_text(&params, "from", o->from);
	if (o->no_cache)
		emit_bool(&params, "no-cache", true);
	bytes_char(&params, '}');
	if (remote_params(&params, &o->params, e) < 0)
		return -1;
	bytes_char(&params, '}');
	if (remote_trigger((struct span){ params.data, params.len }, &again, e) < 0)
		return -1;
	if (!option_common.quiet)
		puts(again.build != NULL ? again.build : again.skipped);
	remote_build_free(&again);
	return 0;
}

static int
rerun_here(const struct options *o, const struct state_build *b, struct error *e)
{
	struct buildcommand a = { 0 };
	int result = -1;

	if (jobs_check(o, b, e) == 0 && buildcommand_read(&a, b, e) == 0 &&
	    buildcommand_enter(&a, b, e) == 0)
		result = become(o, &a, b, e);
	buildcommand_free(&a);
	return result;
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct state_build b;
	AUTO_FREE char *job = NULL;
	struct error e;
	int status = place_job(&b, &job, argc == 1 ? argv[0] : NULL, &e);

	if (job != NULL && o->from != NULL)
		status = error_set(&e, ERROR_USAGE, "--from and %s say two jobs", argv[0]);
	else if (job != NULL)
		o->from = job;
	if (status == 0)
		status = remote_is(&b) ? rerun_remote(o, &b, &e) : rerun_here(o, &b, &e);
	state_build_free(&b);
	return status < 0 ? place_complain(&e) : status;
}

const struct command rerun_command = {
	.program = "mci",
	.verb = "rerun",
	.operands = "[BUILD[/JOB]]",
	.summary = "run a build again, or what failed of it",
	.also = "retry again restart",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = 1,
	.complete = "jobs",
	.run = run,
	.size = sizeof(struct options),
};
