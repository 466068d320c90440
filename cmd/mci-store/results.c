#include "results.h"

#include "bytes.h"
#include "emit.h"
#include "query.h"

/* SQL's NULL for what is not known. */
static void
known(struct query *q, int64_t value, int64_t unknown)
{
	if (value == unknown)
		query_null(q);
	else
		query_integer(q, value);
}

static void
counts_json(struct bytes *into, const struct fold *f)
{
	emit_open(into);
	for (int s = 0; s < STATUS_N; s++) {
		if (f->counts[s] > 0)
			emit_integer(into, status_name((enum status)s), (int64_t)f->counts[s]);
	}
	bytes_char(into, '}');
}

static int
build_write(struct database *db, int64_t build, int64_t repo, const struct fold *f, struct error *e)
{
	AUTO_BYTES jobs = { 0 };
	AUTO_QUERY q = { 0 };

	counts_json(&jobs, f);
	query_begin(&q, db, STATEMENT_RESULT_SET);
	query_integer(&q, build);
	query_integer(&q, repo);
	query_text(&q, status_name(f->status));
	query_integer(&q, f->run);
	query_integer(&q, f->ended_run);
	known(&q, f->started, 0);
	known(&q, f->ended, 0);
	known(&q, f->elapsed, 0);
	known(&q, f->exit, -1);
	query_text(&q, f->reason);
	query_text(&q, f->message);
	query_span(&q, (struct span){ jobs.data, jobs.len });
	return query_run(&q, e);
}

static int
job_write(struct database *db, int64_t build, const struct fold_job *j, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_RESULT_JOB_SET);
	query_integer(&q, build);
	query_integer(&q, (int64_t)j->order);
	query_text(&q, j->id);
	query_text(&q, j->name);
	query_text(&q, status_name(j->status));
	query_integer(&q, j->attempt);
	query_text(&q, j->reason);
	query_text(&q, j->error);
	known(&q, j->exit, -1);
	known(&q, j->signal, -1);
	known(&q, j->started, 0);
	known(&q, j->ended, 0);
	known(&q, j->elapsed, 0);
	known(&q, j->user, 0);
	known(&q, j->system, 0);
	known(&q, j->maxrss, 0);
	known(&q, j->bytes, 0);
	query_integer(&q, j->cached);
	query_integer(&q, j->allowed);
	return query_run(&q, e);
}

static int
artifact_write(struct database *db, int64_t build, const struct fold_job *j, const struct fold_artifact *a,
    struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_RESULT_ARTIFACT_SET);
	query_integer(&q, build);
	query_integer(&q, (int64_t)j->order);
	query_text(&q, j->id);
	query_text(&q, a->id);
	query_text(&q, a->name);
	query_text(&q, a->digest);
	query_integer(&q, a->files);
	query_integer(&q, a->bytes);
	query_integer(&q, a->saved);
	return query_run(&q, e);
}

static int
job_all_write(struct database *db, int64_t build, const struct fold_job *j, struct error *e)
{
	if (job_write(db, build, j, e) < 0)
		return -1;
	for (size_t i = 0; i < j->nartifacts; i++) {
		if (artifact_write(db, build, j, &j->artifacts[i], e) < 0)
			return -1;
	}
	return 0;
}

int
results_write(struct database *db, int64_t build, int64_t repo, const struct fold *f,
    const bool *marks, struct error *e)
{
	if (build_write(db, build, repo, f, e) < 0)
		return -1;
	for (size_t i = 0; i < f->njobs; i++) {
		if ((marks == NULL || marks[i]) && job_all_write(db, build, &f->jobs[i], e) < 0)
			return -1;
	}
	return 0;
}

int
results_forget(struct database *db, int64_t build, struct error *e)
{
	AUTO_QUERY result = { 0 }, jobs = { 0 }, artifacts = { 0 };

	query_begin(&result, db, STATEMENT_RESULT_FORGET);
	query_integer(&result, build);
	query_begin(&jobs, db, STATEMENT_RESULT_JOBS_FORGET);
	query_integer(&jobs, build);
	query_begin(&artifacts, db, STATEMENT_RESULT_ARTIFACTS_FORGET);
	query_integer(&artifacts, build);
	return query_run(&result, e) < 0 || query_run(&jobs, e) < 0 ? -1 : query_run(&artifacts, e);
}
