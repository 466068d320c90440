#include "builds.h"

#include <string.h>

#include "emit.h"
#include "memory.h"
#include "message.h"
#include "params.h"
#include "scan.h"

/* ---- the newest */

static void
listed(struct ask *a, struct span result, const struct error *e)
{
	struct scan_value builds;
	struct scan s;
	struct scan_member first;

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
	} else if (message_member(result.p, result.n, "builds", &builds, NULL) > 0 &&
	    scan_open(&s, builds.raw.p, builds.raw.n, NULL) == 0 &&
	    scan_next(&s, &first, NULL) > 0) {
		answer_json(a, 200, first.value.raw);
	} else {
		answer_as(a, 204, NULL, (struct span){ "", 0 });
	}
}

void
builds_newest(struct ask *a)
{
	AUTO_BYTES params = { 0 };

	if (params_first(a, route_method(a->route), &params) < 0)
		return;
	ask_call(a, "build/list", (struct span){ params.data, params.len },
	    (struct span){ NULL, 0 }, listed);
}

/* ---- triggers */

static void
triggered(struct ask *a, struct span result, const struct error *e)
{
	struct scan_value build;
	AUTO_BYTES name = { 0 };
	AUTO_BYTES where = { 0 };
	const char *org, *repo;

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	if (message_member(result.p, result.n, "build", &build, NULL) > 0 &&
	    scan_text(&build, &name, NULL) == 0) {
		org = params_value(a, "org");
		repo = params_value(a, "repo");
		bytes_text(&where, "/api/v1/orgs/");
		target_escape(&where, org);
		bytes_text(&where, "/repos/");
		target_escape(&where, repo);
		bytes_format(&where, "/builds%s", strrchr(bytes_string(&name), '/'));
		exchange_add(a->x, "Location", bytes_string(&where));
	}
	answer_json(a, 0, result);
}

void
builds_trigger(struct ask *a)
{
	AUTO_BYTES params = { 0 };

	if (params_read(a, route_method(a->route), &params) == 0)
		ask_call(a, "build/trigger", (struct span){ params.data, params.len },
		    (struct span){ NULL, 0 }, triggered);
}

/* ---- again */

static const struct contract_field retry[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "failed", CONTRACT_BOOL, false, "only what failed" },
	{ "from", CONTRACT_TEXT, false, "a job, with what is behind it" },
	{ "no-cache", CONTRACT_BOOL, false, "no result is taken from the store of files" },
	{ "params", CONTRACT_OBJECT, false, "texts by name, in place of its own" },
	{ "actor", CONTRACT_TEXT, false, "who asks for it" },
};

const struct contract_method builds_retry_takes = {
	.name = "build/retry", .params = retry, .nparams = sizeof(retry) / sizeof(retry[0])
};

/* A member of the request as it came, under another object or in it. */
static void
pass_on(struct bytes *into, const struct bytes *from, const char *name)
{
	struct scan_value v;

	if (message_member(from->data, from->len, name, &v, NULL) > 0)
		emit_raw(into, name, v.raw);
}

void
builds_retry(struct ask *a)
{
	const char *org = params_value(a, "org"), *repo = params_value(a, "repo");
	AUTO_FREE char *of = xformat("%s/%s/%s", org, repo, params_value(a, "number"));
	AUTO_FREE char *whole = xformat("%s/%s", org, repo);
	AUTO_BYTES asked = { 0 };
	AUTO_BYTES params = { 0 };

	if (params_read(a, &builds_retry_takes, &asked) < 0)
		return;
	emit_open(&params);
	emit_text(&params, "repo", whole);
	emit_key(&params, "rerun");
	emit_open(&params);
	emit_text(&params, "of", of);
	pass_on(&params, &asked, "failed");
	pass_on(&params, &asked, "from");
	pass_on(&params, &asked, "no-cache");
	bytes_char(&params, '}');
	pass_on(&params, &asked, "params");
	pass_on(&params, &asked, "actor");
	bytes_char(&params, '}');
	ask_call(a, "build/trigger", (struct span){ params.data, params.len },
	    (struct span){ NULL, 0 }, triggered);
}
