#include "trigger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buildlog.h"
#include "buildname.h"
#include "changes.h"
#include "decide.h"
#include "emit.h"
#include "jsontree.h"
#include "kernel.h"
#include "memory.h"
#include "query.h"
#include "refname.h"
#include "skipwords.h"
#include "specparam.h"

/* Of a commit's message that much is kept. */
#define MESSAGE_KEPT 16384
/* Together with what a repository's parameters and keys may take, an order fits a line. */
#define PARAMS_LIMIT 65536
#define SPECS_LIMIT 262144
#define WORD_LIMIT 256
#define OPTIONS_LIMIT 64

/* What is to be built. All is borrowed but what has a buffer here. */
struct facts {
	int64_t repo;
	const char *event, *ref, *branch, *tag, *target, *rev, *base, *actor, *trust, *key;
	const char *specs, *of, *from;
	bool failed, no_cache, supersede;
	struct bytes name, main, message, params, options;
	json_t *before; /* of a build that is run again: it owns the texts */
	const char *skipped;
};

static void
facts_free(struct facts *f)
{
	bytes_free(&f->name);
	bytes_free(&f->main);
	bytes_free(&f->message);
	bytes_free(&f->params);
	bytes_free(&f->options);
	json_decref(f->before);
}
#define AUTO_FACTS __attribute__((cleanup(facts_free))) struct facts

/* ---- what is asked for */

static int
short_text(const struct transaction *t, const char *name, const char **text, struct error *e)
{
	const char *given = transaction_text(t, name);

	if (given != NULL && strlen(given) > WORD_LIMIT)
		return error_set(e, ERROR_LIMIT, "%s: at most %d bytes", name, WORD_LIMIT);
	if (given != NULL)
		*text = given;
	return 0;
}

/* A commit's first bytes, and no half character. */
static void
take_message(struct facts *f, const char *text)
{
	size_t n = text == NULL ? 0 : strlen(text);

	if (n > MESSAGE_KEPT) {
		for (n = MESSAGE_KEPT; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
			n--;
	}
	bytes_add(&f->message, text, n);
}

static int
take_params(struct facts *f, json_t *params, struct error *e)
{
	const char *name;
	json_t *value;

	json_object_foreach(params, name, value) {
		if (!json_is_string(value))
			return error_set(e, ERROR_INPUT, "params: %.64s: expected a text", name);
		if (!spec_param_name_ok(name, strlen(name)))
			return error_set(e, ERROR_INPUT,
			    "params: '%.64s': expected a name of letters, digits, _ - and .", name);
	}
	if (json_object_size(params) > 0)
		jsontree_write(&f->params, params);
	return f->params.len <= PARAMS_LIMIT ?
	    0 :
	    error_set(e, ERROR_LIMIT, "params: at most %d bytes together", PARAMS_LIMIT);
}

static int
take_options(struct facts *f, json_t *options, const char **texts, size_t *n, struct error *e)
{
	*n = json_array_size(options);
	if (*n > OPTIONS_LIMIT)
		return error_set(e, ERROR_LIMIT, "options: at most %d", OPTIONS_LIMIT);
	for (size_t i = 0; i < *n; i++)
		texts[i] = json_string_value(json_array_get(options, i));
	if (*n > 0)
		jsontree_write(&f->options, options);
	return f->options.len <= PARAMS_LIMIT ?
	    0 :
	    error_set(e, ERROR_LIMIT, "options: at most %d bytes together", PARAMS_LIMIT);
}

static int
take_specs(struct facts *f, const char *specs, struct error *e)
{
	AUTO_BYTES quoted = { 0 };

	if (specs == NULL)
		return 0;
	emit_string(&quoted, specs, strlen(specs));
	if (quoted.len > SPECS_LIMIT)
		return error_set(e, ERROR_LIMIT, "specs: at most %d bytes", SPECS_LIMIT);
	f->specs = specs;
	return 0;
}

static int
take_object(const char *name, const char *text, const char **object, struct error *e)
{
	if (text == NULL || refname_is_nothing(text))
		return 0;
	if (!refname_is_object(text))
		return error_set(e, ERROR_INPUT,
		    "%s: expected the whole name of an object, 40 or 64 "
		    "hexadecimal digits",
		    name);
	*object = text;
	return 0;
}

static int
take_ref(struct facts *f, const char *ref, struct error *e)
{
	if (ref == NULL) {
		ref = bytes_string(&f->main);
		if (f->rev != NULL) {
			/* of no branch: only a commit is asked for */
			f->ref = "";
			return 0;
		}
	}
	if (refname_check(ref, e) < 0)
		return -1;
	f->ref = ref;
	f->branch = refname_below(ref, "refs/heads/");
	f->tag = refname_below(ref, "refs/tags/");
	return 0;
}

static int
check_event(const char *event, struct error *e)
{
	size_t n = strlen(event);

	if (n == 0 || n > 64 || strspn(event, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		return error_set(
		    e, ERROR_INPUT, "event: expected a word of lower-case letters, digits and -");
	return 0;
}

static int
take_facts(struct facts *f, const struct transaction *t, struct error *e)
{
	const char *old = transaction_text(t, "old"), *new = transaction_text(t, "new");
	const char *message = transaction_text(t, "message"), *options[OPTIONS_LIMIT];
	size_t n;

	if (take_object("old", old, &f->base, e) < 0 || take_object("new", new, &f->rev, e) < 0 ||
	    take_ref(f, transaction_text(t, "ref"), e) < 0 ||
	    short_text(t, "event", &f->event, e) < 0 || short_text(t, "actor", &f->actor, e) < 0 ||
	    short_text(t, "target", &f->target, e) < 0 ||
	    take_options(f, json_object_get(t->params, "options"), options, &n, e) < 0 ||
	    take_params(f, json_object_get(t->params, "params"), e) < 0 ||
	    take_specs(f, transaction_text(t, "specs"), e) < 0)
		return -1;
	if (f->event == NULL)
		f->event = old == NULL && new == NULL ? "manual" : f->tag != NULL ? "tag" : "push";
	take_message(f, message);
	if (strcmp(f->event, "push") == 0 || strcmp(f->event, "tag") == 0)
		f->skipped = new != NULL &&refname_is_nothing(new) ?
		    "the ref was removed" :
		    skipwords_find(message, options, n);
	return check_event(f->event, e);
}

/* ---- a build once more */

static const char *
copied(struct facts *f, struct query *q, int column, const char *name)
{
	const char *text = query_column_text(q, column);

	if (text == NULL)
		return NULL;
	json_object_set_new(f->before, name, json_string(text));
	return json_string_value(json_object_get(f->before, name));
}

static int
take_before(struct facts *f, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_BUILD_TO_RERUN);
	query_text(&q, f->of);
	got = query_next(&q, e);
	if (got < 0)
		return -1;
	if (got == 0 || query_column_integer(&q, 0) != f->repo)
		return error_set(e, ERROR_NOT_FOUND,
		    "rerun: there is no build %.200s of this repository", f->of);
	if (strcmp(query_column_text(&q, 1), "ended") != 0)
		return error_set(e, ERROR_REFUSED,
		    "build %.200s has not ended yet: wait for it, or cancel it", f->of);
	f->before = json_object();
	f->event = copied(f, &q, 2, "event");
	f->ref = copied(f, &q, 3, "ref");
	f->branch = copied(f, &q, 4, "branch");
	f->tag = copied(f, &q, 5, "tag");
	f->target = copied(f, &q, 6, "target");
	f->rev = copied(f, &q, 7, "rev");
	f->base = copied(f, &q, 8, "base");
	take_message(f, query_column_text(&q, 9));
	bytes_text(&f->params, query_column_null(&q, 10) ? "" : query_column_text(&q, 10));
	bytes_text(&f->options, query_column_null(&q, 11) ? "" : query_column_text(&q, 11));
	f->specs = copied(f, &q, 12, "specs");
	f->trust = copied(f, &q, 13, "trust");
	return 0;
}

/* The parameters of now in place of those of then. */
static int
join_params(struct facts *f, json_t *given, struct error *e)
{
	json_t *all;
	int result;

	if (json_object_size(given) == 0)
		return 0;
	all = f->params.len == 0 ? json_object() :
				   jsontree_read((struct span){ f->params.data, f->params.len }, e);
	if (all == NULL)
		return -1;
	json_object_update(all, given);
	f->params.len = 0;
	result = take_params(f, all, e);
	json_decref(all);
	return result;
}

static int
take_rerun(struct facts *f, const struct transaction *t, const json_t *rerun, struct database *db,
    struct error *e)
{
	f->of = json_string_value(json_object_get(rerun, "of"));
	f->from = json_string_value(json_object_get(rerun, "from"));
	f->failed = json_is_true(json_object_get(rerun, "failed"));
	f->no_cache = json_is_true(json_object_get(rerun, "no-cache"));
	if (f->of == NULL)
		return error_set(e, ERROR_INPUT, "rerun: of: expected the name of a build");
	if (f->failed && f->from != NULL)
		return error_set(e, ERROR_INPUT, "rerun: expected either failed or from");
	if (take_before(f, db, e) < 0 || short_text(t, "actor", &f->actor, e) < 0)
		return -1;
	return join_params(f, json_object_get(t->params, "params"), e);
}

/* ---- its rows */

static int
take_repo(struct facts *f, const struct transaction *t, struct database *db, struct error *e)
{
	const char *repo = transaction_text(t, "repo"), *slash = strchr(repo, '/');
	AUTO_FREE char *org = xmemdup(repo, slash == NULL ? 0 : (size_t)(slash - repo));
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_REPO_OF_NAME);
	query_text(&q, org);
	query_text(&q, slash == NULL ? "" : slash + 1);
	got = query_next(&q, e);
	if (got == 0)
		error_set(e, ERROR_NOT_FOUND,
		    "there is no repository '%.200s': mci repo put makes one", repo);
	if (got <= 0)
		return -1;
	f->repo = query_column_integer(&q, 0);
	bytes_format(&f->main, "refs/heads/%s",
	    query_column_null(&q, 2) ? "main" : query_column_text(&q, 2));
	f->supersede = query_column_integer(&q, 3) != 0;
	return 0;
}

static int
count(struct facts *f, struct database *db, int64_t *number, struct error *e)
{
	AUTO_FREE char *counter = xformat("build:%lld", (long long)f->repo);
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_COUNTER_NEXT);
	query_text(&q, counter);
	if (query_next(&q, e) <= 0)
		return -1;
	*number = query_column_integer(&q, 0);
	return 0;
}

/* A number that has a file was given already, by a database of which an older copy was put back: the
 * hub knows that build. */
static int
next_number(struct facts *f, const struct transaction *t, struct database *db, int64_t *number,
    struct error *e)
{
	const char *repo = transaction_text(t, "repo");

	for (bool taken = true; taken;) {
		AUTO_FREE char *path = NULL;
		struct stat st;

		if (count(f, db, number, e) < 0)
			return -1;
		f->name.len = 0;
		bytes_format(&f->name, "%s/%lld", repo, (long long)*number);
		path = buildlog_path(t->files, bytes_string(&f->name));
		taken = stat(path, &st) == 0;
	}
	return buildname_check((struct span){ f->name.data, f->name.len }, e);
}

/* Bytes that may be empty: SQL's NULL. */
static void
query_bytes(struct query *q, const struct bytes *b)
{
	if (b->len == 0)
		query_null(q);
	else
		query_span(q, (struct span){ b->data, b->len });
}

static int
add_build(struct facts *f, int64_t number, int64_t priority, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_BUILD_ADD);
	query_integer(&q, f->repo);
	query_integer(&q, number);
	query_text(&q, bytes_string(&f->name));
	query_integer(&q, kernel.wall());
	query_text(&q, f->key);
	query_integer(&q, priority);
	query_text(&q, f->trust);
	query_text(&q, f->event);
	query_text(&q, f->ref);
	query_text(&q, f->branch);
	query_text(&q, f->tag);
	query_text(&q, f->target);
	query_text(&q, f->rev);
	query_text(&q, f->base);
	query_text(&q, f->actor);
	query_bytes(&q, &f->message);
	query_bytes(&q, &f->params);
	query_bytes(&q, &f->options);
	query_text(&q, f->of);
	query_integer(&q, f->failed);
	query_text(&q, f->from);
	query_text(&q, f->specs);
	query_integer(&q, f->no_cache);
	return query_run(&q, e);
}

static void
emit_known(struct bytes *event, const char *key, const char *text)
{
	if (text != NULL && *text != '\0')
		emit_text(event, key, text);
}

static int
add_events(struct facts *f, const char *repo, int64_t number, int64_t priority, struct database *db,
    struct error *e)
{
	AUTO_BYTES event = { 0 };
	const char *name = bytes_string(&f->name);

	change_begin(&event, "build/triggered", name, 0);
	emit_text(&event, "repo", repo);
	emit_integer(&event, "number", number);
	emit_text(&event, "trust", f->trust);
	emit_text(&event, "event", f->event);
	emit_known(&event, "ref", f->ref);
	emit_known(&event, "rev", f->rev);
	emit_known(&event, "base", f->base);
	emit_known(&event, "actor", f->actor);
	if (f->message.len > 0)
		emit_span(&event, "message", (struct span){ f->message.data, f->message.len });
	if (priority != 0)
		emit_integer(&event, "priority", priority);
	emit_known(&event, "of", f->of);
	if (change_add(&event, db, e) < 0)
		return -1;
	change_begin(&event, "build/queued", name, 0);
	return change_add(&event, db, e);
}

#define SUPERSEDED 64 /* at once: the next trigger finds the others */

/* Those of the branch that still wait are not wanted any more. */
static int
supersede(struct facts *f, int64_t number, struct database *db, struct error *e)
{
	AUTO_FREE char *reason = xformat("superseded by %s", bytes_string(&f->name));
	struct decide old[SUPERSEDED];
	AUTO_QUERY q = { 0 };
	int n = 0, got = 0;

	query_begin(&q, db, STATEMENT_BUILDS_SUPERSEDED);
	query_integer(&q, f->repo);
	query_text(&q, f->branch);
	query_integer(&q, number);
	while (n < SUPERSEDED && (got = query_next(&q, e)) > 0)
		old[n++] = (struct decide){ .id = query_column_integer(&q, 0),
			.run = query_column_integer(&q, 2),
			.name = xstrdup(query_column_text(&q, 1)) };
	query_end(&q);
	for (int i = 0; i < n; i++) {
		if (got >= 0 && decide_cancel(db, &old[i], reason, e) < 0)
			got = -1;
		free((char *)(uintptr_t)old[i].name);
	}
	return got < 0 ? -1 : 0;
}

static int
add(struct facts *f, struct transaction *t, struct database *db, struct error *e)
{
	const char *repo = transaction_text(t, "repo");
	int64_t priority = transaction_integer(t, "priority", 0), number;

	if (priority < -1000 || priority > 1000)
		return error_set(e, ERROR_INPUT, "priority: expected -1000 to 1000");
	if (next_number(f, t, db, &number, e) < 0 || add_build(f, number, priority, db, e) < 0 ||
	    add_events(f, repo, number, priority, db, e) < 0)
		return -1;
	if (f->supersede && f->branch != NULL && supersede(f, number, db, e) < 0)
		return -1;
	emit_open(&t->result);
	emit_text(&t->result, "build", bytes_string(&f->name));
	emit_integer(&t->result, "number", number);
	emit_bool(&t->result, "created", true);
	bytes_char(&t->result, '}');
	return 0;
}

static int
add_skip(struct facts *f, struct transaction *t, struct database *db, struct error *e)
{
	AUTO_BYTES event = { 0 };
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_SKIP_ADD);
	query_integer(&q, f->repo);
	query_integer(&q, kernel.wall());
	query_text(&q, f->key);
	query_text(&q, f->skipped);
	query_text(&q, f->ref);
	query_text(&q, f->rev);
	query_text(&q, f->actor);
	if (query_run(&q, e) < 0)
		return -1;
	change_begin(&event, "trigger/skipped", NULL, 0);
	emit_text(&event, "repo", transaction_text(t, "repo"));
	emit_text(&event, "reason", f->skipped);
	emit_known(&event, "ref", f->ref);
	emit_known(&event, "rev", f->rev);
	emit_known(&event, "actor", f->actor);
	return change_add(&event, db, e);
}

/* ---- the same trigger again */

static void
answer_skipped(struct transaction *t, const char *reason)
{
	emit_open(&t->result);
	emit_bool(&t->result, "created", false);
	emit_text(&t->result, "skipped", reason);
	bytes_char(&t->result, '}');
}

/* 1 when it was answered then, 0, -1. */
static int
known(const struct facts *f, struct transaction *t, struct database *db, struct error *e)
{
	AUTO_QUERY build = { 0 }, skip = { 0 };
	int got;

	if (f->key == NULL)
		return 0;
	query_begin(&build, db, STATEMENT_BUILD_OF_KEY);
	query_integer(&build, f->repo);
	query_text(&build, f->key);
	got = query_next(&build, e);
	if (got > 0) {
		emit_open(&t->result);
		emit_text(&t->result, "build", query_column_text(&build, 0));
		emit_integer(&t->result, "number", query_column_integer(&build, 1));
		emit_bool(&t->result, "created", false);
		bytes_char(&t->result, '}');
	}
	if (got != 0)
		return got;
	query_begin(&skip, db, STATEMENT_SKIP_OF_KEY);
	query_integer(&skip, f->repo);
	query_text(&skip, f->key);
	got = query_next(&skip, e);
	if (got > 0)
		answer_skipped(t, query_column_text(&skip, 0));
	return got;
}

int
trigger_work(struct transaction *t, struct database *db, struct error *e)
{
	const json_t *rerun = json_object_get(t->params, "rerun");
	AUTO_FACTS f = { .trust = "trusted" };
	int got;

	if (take_repo(&f, t, db, e) < 0 || short_text(t, "key", &f.key, e) < 0)
		return -1;
	got = known(&f, t, db, e);
	if (got != 0)
		return got < 0 ? -1 : 0;
	if ((rerun != NULL ? take_rerun(&f, t, rerun, db, e) : take_facts(&f, t, e)) < 0)
		return -1;
	if (f.skipped == NULL)
		return add(&f, t, db, e);
	answer_skipped(t, f.skipped);
	return add_skip(&f, t, db, e);
}
