#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "duration.h"
#include "emit.h"
#include "jsontree.h"
#include "memory.h"
#include "params.h"
#include "safe.h"
#include "web.h"

/* The builds of a page, and the columns that a message may take. */
#define BUILDS 50
#define MESSAGE 60

/* ---- text */

/* A member's text on one line, with nothing in it that a terminal obeys; at most so many bytes. */
static void
put(struct bytes *into, const json_t *o, const char *name, int width, size_t most)
{
	const char *text = json_string_value(json_object_get(o, name));
	struct safe safe = { 0 };
	AUTO_BYTES clean = { 0 };
	size_t n = text == NULL ? 0 : strcspn(text, "\r\n\t");

	while (n > most)
		n--;
	/* not in the middle of a character */
	while (text != NULL && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	safe_add(&safe, &clean, text == NULL ? "" : text, n);
	safe_end(&safe, &clean);
	bytes_format(into, "%-*s", width, bytes_string(&clean));
}

static void
put_seconds(struct bytes *into, const json_t *o, const char *name, int width)
{
	const json_t *value = json_object_get(o, name);
	AUTO_BYTES text = { 0 };

	if (value != NULL)
		duration_write(&text, (int64_t)(json_number_value(value) * 10) * (SECOND / 10));
	bytes_format(into, "%-*s", width, bytes_string(&text));
}

/* "2026-11-27 01:20" */
static void
put_time(struct bytes *into, const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	if (text == NULL || strlen(text) < 16)
		bytes_format(into, "%-18s", "");
	else
		bytes_format(into, "%.10s %.5s  ", text, text + 11);
}

static void
end_line(struct bytes *into)
{
	while (into->len > 0 && into->data[into->len - 1] == ' ')
		into->len--;
	bytes_char(into, '\n');
}

/* ---- the answer */

static void
answer(struct ask *a, const struct bytes *text)
{
	AUTO_BYTES html = { 0 };

	if (!document_wanted(a->x)) {
		answer_as(
		    a, 200, "text/plain; charset=utf-8", (struct span){ text->data, text->len });
		return;
	}
	bytes_text(&html, "<pre>");
	document_escape(&html, (struct span){ text->data, text->len });
	bytes_text(&html, "</pre>");
	web_answer(a, 200, (struct span){ html.data, html.len });
}

void
page_root(struct ask *a)
{
	const char *host = exchange_header(a->x, "Host");
	AUTO_BYTES text = { 0 };

	bytes_format(&text,
	    "mci %s: a continuous-integration server\n\n"
	    "  curl -H \"Authorization: Bearer $MCI_TOKEN\" %s/ORG             the newest builds\n"
	    "  curl -H \"Authorization: Bearer $MCI_TOKEN\" %s/ORG/REPO        builds of a "
	    "repository\n"
	    "  curl -H \"Authorization: Bearer $MCI_TOKEN\" %s/ORG/REPO/N      a build, and its "
	    "jobs\n\n"
	    "  /api/v1/openapi.json says all that is answered; 'mci token create' makes a token, "
	    "'mci login'\n"
	    "  lets mci work here.\n",
	    MCI_VERSION, host == NULL ? "HOST" : host, host == NULL ? "HOST" : host,
	    host == NULL ? "HOST" : host);
	answer(a, &text);
}

/* ---- builds */

static void
put_builds(struct bytes *into, const json_t *builds, bool whole)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)builds, i, one) {
		if (whole)
			put(into, one, "build", 28, 200);
		else
			bytes_format(into, "%-7lld",
			    (long long)json_integer_value(json_object_get(one, "number")));
		bytes_text(into, " ");
		put(into, one, "status", 13, 20);
		put(into, one, "branch", 20, 80);
		bytes_text(into, " ");
		put_time(into, one, "created");
		put_seconds(into, one, "elapsed", 9);
		bytes_text(into, " ");
		put(into, one, "message", 0, MESSAGE);
		end_line(into);
	}
	if (json_array_size(builds) == 0)
		bytes_text(into, "no builds yet\n");
}

static void
list(struct ask *a, struct span result, const struct error *e, bool whole)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	AUTO_BYTES text = { 0 };

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	put_builds(&text, json_object_get(tree, "builds"), whole);
	answer(a, &text);
}

static void
of_org(struct ask *a, struct span result, const struct error *e)
{
	list(a, result, e, true);
}

static void
of_repo(struct ask *a, struct span result, const struct error *e)
{
	list(a, result, e, false);
}

static void
begin(struct ask *a, ask_done *done)
{
	AUTO_BYTES params = { 0 };

	if (params_read(a, route_method(a->route), &params) == 0)
		ask_call(a, a->route->call, (struct span){ params.data, params.len },
		    (struct span){ NULL, 0 }, done);
}

void
page_org(struct ask *a)
{
	begin(a, of_org);
}

void
page_repo(struct ask *a)
{
	begin(a, of_repo);
}

/* ---- a build */

static void
put_jobs(struct bytes *into, const json_t *jobs)
{
	const json_t *one;
	size_t i, n = json_array_size(jobs);

	json_array_foreach((json_t *)jobs, i, one) {
		bytes_text(into, i + 1 == n ? "└─ " : "├─ ");
		put(into, one, "job", 24, 128);
		bytes_text(into, " ");
		put(into, one, "status", 13, 20);
		put_seconds(into, one, "elapsed", 9);
		if (json_object_get(one, "reason") != NULL) {
			bytes_text(into, " ");
			put(into, one, "reason", 0, 40);
		}
		if (json_object_get(one, "exit") != NULL &&
		    json_integer_value(json_object_get(one, "exit")) != 0)
			bytes_format(into, " %lld",
			    (long long)json_integer_value(json_object_get(one, "exit")));
		if (json_object_get(one, "error") != NULL) {
			bytes_text(into, ": ");
			put(into, one, "error", 0, MESSAGE);
		}
		end_line(into);
	}
}

static void
put_head(struct bytes *into, const json_t *build)
{
	put(into, build, "build", 0, 300);
	bytes_text(into, "  ");
	put(into, build, "status", 0, 20);
	if (json_object_get(build, "elapsed") != NULL) {
		bytes_text(into, " in ");
		put_seconds(into, build, "elapsed", 0);
	}
	bytes_text(into, "  ");
	put(into, build, "branch", 0, 80);
	bytes_text(into, " ");
	put(into, build, "rev", 0, 12);
	bytes_text(into, "  ");
	put(into, build, "actor", 0, 60);
	end_line(into);
	if (json_object_get(build, "message") != NULL) {
		put(into, build, "message", 0, 200);
		end_line(into);
	}
	if (json_object_get(build, "error") != NULL) {
		put(into, build, "error", 0, 200);
		end_line(into);
	}
}

static void
with_jobs(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	struct bytes *text = a->state;

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	put_jobs(text, json_object_get(tree, "jobs"));
	if (json_is_true(json_object_get(tree, "more")))
		bytes_text(text, "   ...\n");
	answer(a, text);
}

static void
drop(void *state)
{
	bytes_free(state);
	free(state);
}

static void
with_build(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	AUTO_FREE char *build =
	    xformat("%s/%s/%s", params_value(a, "org"), params_value(a, "repo"), params_value(a, "number"));
	AUTO_BYTES params = { 0 };

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	a->state = xmalloc(sizeof(struct bytes));
	a->drop = drop;
	*(struct bytes *)a->state = (struct bytes){ 0 };
	put_head(a->state, tree);
	emit_open(&params);
	emit_text(&params, "build", build);
	bytes_char(&params, '}');
	ask_call(a, "job/list", (struct span){ params.data, params.len }, (struct span){ NULL, 0 },
	    with_jobs);
}

static void
with_job(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *jobs = json_array();
	AUTO_BYTES text = { 0 };

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	json_array_append_new(jobs, jsontree_read(result, NULL));
	put_jobs(&text, jobs);
	answer(a, &text);
}

void
page_job(struct ask *a)
{
	begin(a, with_job);
}

void
page_build(struct ask *a)
{
	begin(a, with_build);
}
