#include "builds.h"

#include <string.h>

#include "emit.h"
#include "fold.h"
#include "memory.h"
#include "query.h"
#include "timestamp.h"

#define PAGE 50
#define PAGE_MOST 1000

/* How a column becomes a member; SQL's NULL leaves it out. */
enum shape { TEXT, INTEGER, BOOL, TIME, SECONDS, JSON, SPECIAL };

struct column {
	const char *member;
	enum shape shape;
};

/* The columns of build_get and all pages. */
static const struct column build_columns[] = {
	{ "build", SPECIAL },
	{ "number", INTEGER },
	{ "state", SPECIAL },
	{ "trust", TEXT },
	{ "event", TEXT },
	{ "created", TIME },
	{ "run", INTEGER },
	{ "priority", INTEGER },
	{ "ref", TEXT },
	{ "branch", TEXT },
	{ "tag", TEXT },
	{ "rev", TEXT },
	{ "base", TEXT },
	{ "actor", TEXT },
	{ "message", TEXT },
	{ "of", TEXT },
	{ "agent", SPECIAL },
	{ "cancel", TEXT },
	{ "decided", SPECIAL },
	{ "status", SPECIAL },
	{ "started", TIME },
	{ "ended", TIME },
	{ "elapsed", SECONDS },
	{ "exit", INTEGER },
	{ "reason", TEXT },
	{ "error", TEXT },
	{ "jobs", JSON },
};
enum { NAME, NUMBER, STATE, AGENT = 16, DECIDED = 18, STATUS = 19, PARAMS = 27 };

/* Of result_jobs. */
static const struct column job_columns[] = {
	{ "job", TEXT },
	{ "name", TEXT },
	{ "status", TEXT },
	{ "attempt", INTEGER },
	{ "reason", TEXT },
	{ "error", TEXT },
	{ "exit", INTEGER },
	{ "signal", INTEGER },
	{ "started", TIME },
	{ "ended", TIME },
	{ "elapsed", SECONDS },
	{ "user", SECONDS },
	{ "system", SECONDS },
	{ "maxrss", INTEGER },
	{ "bytes", INTEGER },
	{ "cached", BOOL },
	{ "allowed", BOOL },
};

/* Of artifacts. */
static const struct column artifact_columns[] = {
	{ "build", TEXT },
	{ "job", TEXT },
	{ "artifact", TEXT },
	{ "name", TEXT },
	{ "digest", TEXT },
	{ "files", INTEGER },
	{ "bytes", INTEGER },
	{ "saved", TIME },
	{ "trust", TEXT },
};
#define COLUMNS(table) (int)(sizeof(table) / sizeof((table)[0]))

static void
emit_column(struct bytes *into, struct query *q, int i, const struct column *c)
{
	if (query_column_null(q, i))
		return;
	switch (c->shape) {
	case TEXT:
		if (*query_column_text(q, i) != '\0')
			emit_text(into, c->member, query_column_text(q, i));
		break;
	case INTEGER:
		emit_integer(into, c->member, query_column_integer(q, i));
		break;
	case BOOL:
		if (query_column_integer(q, i) != 0)
			emit_bool(into, c->member, true);
		break;
	case TIME:
		emit_time(into, c->member, query_column_integer(q, i));
		break;
	case SECONDS:
		emit_seconds(into, c->member, query_column_integer(q, i));
		break;
	case JSON:
		emit_raw(into, c->member, query_column_span(q, i));
		break;
	case SPECIAL:
		break;
	}
}

/* All of a row, which is an object. */
static void
emit_columns(struct bytes *into, struct query *q, const struct column *columns, int n)
{
	emit_open(into);
	for (int i = 0; i < n; i++)
		emit_column(into, q, i, &columns[i]);
	bytes_char(into, '}');
}

static bool
is_end(const char *status)
{
	int known = status == NULL ? -1 : status_parse((struct span){ status, strlen(status) });

	return known >= 0 && status_ended((enum status)known);
}

/* What its events say; before they have come, what the store knows. */
static const char *
status_of(struct query *q)
{
	const char *status = query_column_text(q, STATUS), *decided = query_column_text(q, DECIDED);

	if (decided != NULL && !is_end(status))
		return decided;
	if (status != NULL)
		return status;
	return strcmp(query_column_text(q, STATE), "claimed") == 0 ? "pending" : "queued";
}

static void
emit_members(struct bytes *into, struct query *q)
{
	const char *name = query_column_text(q, NAME);

	emit_open(into);
	emit_text(into, "build", name);
	emit_span(into, "repo", (struct span){ name, (size_t)(strrchr(name, '/') - name) });
	emit_text(into, "status", status_of(q));
	for (int i = 0; i < COLUMNS(build_columns); i++)
		emit_column(into, q, i, &build_columns[i]);
	if (strcmp(query_column_text(q, STATE), "claimed") == 0)
		emit_text(into, "agent", query_column_text(q, AGENT));
}

static void
emit_build(struct bytes *into, struct query *q)
{
	emit_members(into, q);
	bytes_char(into, '}');
}

/* ---- one */

/* Takes the row of that name; what: says that there is none. */
static int
find_row(struct query *q, const char *what, const char *text, struct error *e)
{
	int got = query_next(q, e);

	if (got == 0)
		error_set(e, ERROR_NOT_FOUND, "%s '%.200s'", what, text);
	return got > 0 ? 0 : -1;
}

void
builds_get(struct database *reader, struct request *r)
{
	const char *build = request_text(r, "build");
	AUTO_BYTES result = { 0 };
	struct error e;
	AUTO_QUERY q = { 0 };

	query_begin(&q, reader, STATEMENT_BUILD_GET);
	query_text(&q, build);
	if (find_row(&q, "there is no build", build, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	emit_members(&result, &q);
	if (!query_column_null(&q, PARAMS))
		emit_raw(&result, "params", query_column_span(&q, PARAMS));
	bytes_char(&result, '}');
	request_reply(r, (struct span){ result.data, result.len });
}

/* ---- a page */

struct page {
	int64_t repo, org;      /* 0: all */
	int64_t before, number; /* row and number of a build: older ones than this */
	const char *status, *branch, *event, *actor;
	int64_t since, until;   /* 0: nothing is said */
	int64_t limit;
};

static int
find_repo(struct database *reader, const char *repo, int64_t *id, struct error *e)
{
	const char *slash = repo == NULL ? NULL : strchr(repo, '/');
	AUTO_FREE char *org = slash == NULL ? NULL : xmemdup(repo, (size_t)(slash - repo));
	AUTO_QUERY q = { 0 };

	if (repo == NULL)
		return 0;
	query_begin(&q, reader, STATEMENT_REPO_OF_NAME);
	query_text(&q, org == NULL ? "" : org);
	query_text(&q, slash == NULL ? "" : slash + 1);
	if (find_row(&q, "there is no repository", repo, e) < 0)
		return -1;
	*id = query_column_integer(&q, 0);
	return 0;
}

static int
find_org(struct database *reader, const char *org, int64_t *id, struct error *e)
{
	AUTO_QUERY q = { 0 };

	if (org == NULL)
		return 0;
	query_begin(&q, reader, STATEMENT_ORG_OF_NAME);
	query_text(&q, org);
	if (find_row(&q, "there is no organisation", org, e) < 0)
		return -1;
	*id = query_column_integer(&q, 0);
	return 0;
}

static int
read_moment(struct request *r, const char *name, int64_t *at, struct error *e)
{
	const char *text = request_text(r, name);

	*at = 0;
	return text == NULL || timestamp_parse(text, strlen(text), at, e) == 0 ?
	    0 :
	    error_before(e, "%s: ", name);
}

static int
find_before(struct page *p, struct database *reader, const char *before, struct error *e)
{
	AUTO_QUERY q = { 0 };

	p->before = p->number = INT64_MAX;
	if (before == NULL)
		return 0;
	query_begin(&q, reader, STATEMENT_BUILD_OF_NAME);
	query_text(&q, before);
	if (find_row(&q, "before: there is no build", before, e) < 0)
		return -1;
	p->before = query_column_integer(&q, 0);
	p->number = query_column_integer(&q, 2);
	return 0;
}

static int
read_page(struct page *p, struct database *reader, struct request *r, struct error *e)
{
	p->status = request_text(r, "status");
	p->branch = request_text(r, "branch");
	p->event = request_text(r, "event");
	p->actor = request_text(r, "actor");
	p->limit = request_integer(r, "limit", PAGE);
	if (p->limit < 1 || p->limit > PAGE_MOST)
		return error_set(e, ERROR_INPUT, "limit: expected 1 to %d", PAGE_MOST);
	if (p->status != NULL && status_parse((struct span){ p->status, strlen(p->status) }) < 0)
		return error_set(e, ERROR_INPUT, "status: there is no status '%.64s'", p->status);
	if (read_moment(r, "since", &p->since, e) < 0 || read_moment(r, "until", &p->until, e) < 0 ||
	    find_org(reader, request_text(r, "org"), &p->org, e) < 0 ||
	    find_repo(reader, request_text(r, "repo"), &p->repo, e) < 0)
		return -1;
	return find_before(p, reader, request_text(r, "before"), e);
}

static void
said(struct query *q, int64_t value)
{
	if (value > 0)
		query_integer(q, value);
	else
		query_null(q);
}

/* By what is looked for: each has an index behind it. */
static void
begin_page(struct query *q, struct database *reader, const struct page *p)
{
	if (p->status != NULL) {
		query_begin(q, reader,
		    p->repo > 0 ? STATEMENT_BUILDS_PAGE_REPO_STATUS : STATEMENT_BUILDS_PAGE_STATUS);
		if (p->repo > 0)
			query_integer(q, p->repo);
		query_integer(q, p->before);
		query_text(q, p->status);
		if (p->repo == 0)
			said(q, p->org);
		query_text(q, p->branch);
	} else if (p->repo > 0 && p->branch != NULL) {
		query_begin(q, reader, STATEMENT_BUILDS_PAGE_BRANCH);
		query_integer(q, p->repo);
		query_integer(q, p->before);
		query_text(q, p->branch);
	} else if (p->repo > 0) {
		query_begin(q, reader, STATEMENT_BUILDS_PAGE_REPO);
		query_integer(q, p->repo);
		query_integer(q, p->number);
	} else {
		query_begin(q, reader, p->org > 0 ? STATEMENT_BUILDS_PAGE_ORG : STATEMENT_BUILDS_PAGE);
		if (p->org > 0)
			query_integer(q, p->org);
		query_integer(q, p->before);
		query_text(q, p->branch);
	}
	query_text(q, p->event);
	query_text(q, p->actor);
	said(q, p->since);
	said(q, p->until);
	query_integer(q, p->limit + 1);
}

/* A reply is a line: a page of long ones ends before that. */
#define PAGE_BYTES ((size_t)900 * 1024)

/* Answers {"KEY":[ROW,...],"more":...} with at most limit rows. */
static void
reply_rows(struct request *r, struct query *q, const char *key, int64_t limit,
    void (*emit)(struct bytes *into, struct query *q))
{
	AUTO_BYTES result = { 0 };
	struct error e;
	int got;

	bytes_format(&result, "{\"%s\":[", key);
	for (int64_t n = 0; (got = query_next(q, &e)) > 0 && n < limit && result.len < PAGE_BYTES; n++) {
		if (n > 0)
			bytes_char(&result, ',');
		emit(&result, q);
	}
	if (got < 0) {
		request_fail_with(r, &e);
		return;
	}
	bytes_format(&result, "],\"more\":%s}", got > 0 ? "true" : "false");
	request_reply(r, (struct span){ result.data, result.len });
}

void
builds_list(struct database *reader, struct request *r)
{
	struct page p = { 0 };
	struct error e;
	AUTO_QUERY q = { 0 };

	if (read_page(&p, reader, r, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	begin_page(&q, reader, &p);
	reply_rows(r, &q, "builds", p.limit, emit_build);
}

/* ---- the newest of each repository */

#define LATEST 100

static int
read_limit(struct request *r, int64_t *limit, struct error *e)
{
	*limit = request_integer(r, "limit", LATEST);
	return *limit >= 1 && *limit <= PAGE_MOST ? 0 :
	    error_set(e, ERROR_INPUT, "limit: expected 1 to %d", PAGE_MOST);
}

void
builds_latest(struct database *reader, struct request *r)
{
	const char *after = request_text(r, "after"), *slash = after == NULL ? NULL : strchr(after, '/');
	AUTO_FREE char *org =
	    xmemdup(after == NULL ? "" : after, slash == NULL ? 0 : (size_t)(slash - after));
	int64_t limit, id = 0;
	struct error e;
	AUTO_QUERY q = { 0 };

	if (read_limit(r, &limit, &e) < 0 || find_org(reader, request_text(r, "org"), &id, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	query_begin(&q, reader, STATEMENT_BUILDS_LATEST);
	said(&q, id);
	query_text(&q, org);
	query_text(&q, slash == NULL ? "" : slash + 1);
	query_integer(&q, limit + 1);
	reply_rows(r, &q, "builds", limit, emit_build);
}

/* ---- jobs */

static int
find_build(struct database *reader, const char *build, int64_t *id, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, reader, STATEMENT_BUILD_OF_NAME);
	query_text(&q, build);
	if (find_row(&q, "there is no build", build, e) < 0)
		return -1;
	*id = query_column_integer(&q, 0);
	return 0;
}

static void
emit_job(struct bytes *into, struct query *q)
{
	emit_columns(into, q, job_columns, COLUMNS(job_columns));
}

/* Answers with the one row of that name; what: says that there is none. */
static void
reply_row(struct request *r, struct query *q, const char *what, const char *text,
    void (*emit)(struct bytes *into, struct query *q))
{
	AUTO_BYTES result = { 0 };
	struct error e;

	if (find_row(q, what, text, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	emit(&result, q);
	request_reply(r, (struct span){ result.data, result.len });
}

void
builds_job(struct database *reader, struct request *r)
{
	const char *job = request_text(r, "job");
	struct error e;
	AUTO_QUERY q = { 0 };
	int64_t id = 0;

	if (find_build(reader, request_text(r, "build"), &id, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	query_begin(&q, reader, STATEMENT_RESULT_JOB);
	query_integer(&q, id);
	query_text(&q, job);
	reply_row(r, &q, "the build has no job", job, emit_job);
}

void
builds_jobs(struct database *reader, struct request *r)
{
	struct error e;
	AUTO_QUERY q = { 0 };
	int64_t id = 0;

	if (find_build(reader, request_text(r, "build"), &id, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	query_begin(&q, reader, STATEMENT_RESULT_JOBS);
	query_integer(&q, id);
	query_integer(&q, request_integer(r, "from", 0));
	reply_rows(r, &q, "jobs", INT64_MAX, emit_job);
}

/* ---- what jobs have left */

static void
emit_artifact(struct bytes *into, struct query *q)
{
	emit_columns(into, q, artifact_columns, COLUMNS(artifact_columns));
}

void
builds_artifact(struct database *reader, struct request *r)
{
	const char *artifact = request_text(r, "artifact");
	struct error e;
	AUTO_QUERY q = { 0 };
	int64_t id = 0;

	if (find_build(reader, request_text(r, "build"), &id, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	query_begin(&q, reader, STATEMENT_ARTIFACTS);
	query_integer(&q, id);
	query_text(&q, request_text(r, "job"));
	query_text(&q, artifact);
	query_integer(&q, 1);
	query_integer(&q, 0);
	reply_row(r, &q, "the job has no artifact", artifact, emit_artifact);
}

void
builds_artifacts(struct database *reader, struct request *r)
{
	struct error e;
	AUTO_QUERY q = { 0 };
	int64_t id = 0, limit;

	if (read_limit(r, &limit, &e) < 0 || find_build(reader, request_text(r, "build"), &id, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	query_begin(&q, reader, STATEMENT_ARTIFACTS);
	query_integer(&q, id);
	query_text(&q, request_text(r, "job"));
	query_null(&q);
	query_integer(&q, limit + 1);
	query_integer(&q, request_integer(r, "from", 0));
	reply_rows(r, &q, "artifacts", limit, emit_artifact);
}

/* A text as a pattern of LIKE that finds it anywhere; capitals are as small ones. */
static void
anywhere(struct bytes *into, const char *text)
{
	bytes_char(into, '%');
	for (; *text != '\0'; text++) {
		if (strchr("%_!", *text) != NULL)
			bytes_char(into, '!');
		bytes_char(into, *text >= 'A' && *text <= 'Z' ? (char)(*text | 0x20) : *text);
	}
	bytes_char(into, '%');
}

void
builds_artifacts_search(struct database *reader, struct request *r)
{
	const char *name = request_text(r, "name"), *repo = request_text(r, "repo");
	AUTO_FREE char *owner = repo == NULL ? NULL : xmemdup(repo, strcspn(repo, "/"));
	AUTO_BYTES like = { 0 };
	struct page p = { 0 };
	struct error e;
	AUTO_QUERY q = { 0 };

	if (read_limit(r, &p.limit, &e) < 0 || find_org(reader, request_text(r, "org"), &p.org, &e) < 0 ||
	    find_repo(reader, repo, &p.repo, &e) < 0 ||
	    (p.org == 0 && find_org(reader, owner, &p.org, &e) < 0)) {
		request_fail_with(r, &e);
		return;
	}
	query_begin(&q, reader, p.org > 0 ? STATEMENT_ARTIFACTS_SEARCH_ORG : STATEMENT_ARTIFACTS_SEARCH);
	if (p.org > 0) {
		said(&q, p.org);
		said(&q, p.repo);
	}
	if (name == NULL || *name == '\0') {
		query_null(&q);
	} else {
		anywhere(&like, name);
		query_text(&q, bytes_string(&like));
	}
	query_integer(&q, p.limit + 1);
	reply_rows(r, &q, "artifacts", p.limit, emit_artifact);
}
