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

/* What is written: text for a terminal, or the same as HTML with links in it. */
struct sheet {
	struct bytes text;
	bool html;
};

/* Text, and spaces up to so many bytes; with href it leads there. */
static void
cell(struct sheet *s, struct span text, int width, const char *href)
{
	if (s->html && href != NULL)
		bytes_format(&s->text, "<a href=\"%s\">", href);
	if (s->html)
		document_escape(&s->text, text);
	else
		bytes_add(&s->text, text.p, text.n);
	if (s->html && href != NULL)
		bytes_text(&s->text, "</a>");
	for (size_t n = text.n; n < (size_t)width; n++)
		bytes_char(&s->text, ' ');
}

/* A member's text on one line, with nothing in it that a terminal obeys; at most so many bytes. */
static void
put_link(struct sheet *into, const json_t *o, const char *name, int width, size_t most, const char *href)
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
	cell(into, (struct span){ bytes_string(&clean), clean.len }, width, href);
}

static void
put(struct sheet *into, const json_t *o, const char *name, int width, size_t most)
{
	put_link(into, o, name, width, most, NULL);
}

static void
put_seconds(struct sheet *into, const json_t *o, const char *name, int width)
{
	const json_t *value = json_object_get(o, name);
	AUTO_BYTES text = { 0 };

	if (value != NULL)
		duration_write(&text, (int64_t)(json_number_value(value) * 10) * (SECOND / 10));
	cell(into, (struct span){ bytes_string(&text), text.len }, width, NULL);
}

/* "2026-11-27 01:20" */
static void
put_time(struct sheet *into, const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	if (text == NULL || strlen(text) < 16)
		bytes_format(&into->text, "%-18s", "");
	else
		bytes_format(&into->text, "%.10s %.5s  ", text, text + 11);
}

static void
end_line(struct sheet *s)
{
	struct bytes *into = &s->text;

	while (into->len > 0 && into->data[into->len - 1] == ' ')
		into->len--;
	bytes_char(into, '\n');
}

/* ---- the answer */

static struct sheet
sheet_new(const struct ask *a)
{
	return (struct sheet){ .html = document_wanted(a->x) };
}

static void
answer(struct ask *a, const struct sheet *s)
{
	AUTO_BYTES html = { 0 };

	if (!s->html) {
		answer_as(a, 200, "text/plain; charset=utf-8", (struct span){ s->text.data, s->text.len });
		return;
	}
	bytes_text(&html, "<pre>");
	bytes_add(&html, s->text.data, s->text.len);
	bytes_text(&html, "</pre>");
	web_answer(a, 200, (struct span){ html.data, html.len });
}

void
page_root(struct ask *a)
{
	const char *host = exchange_header(a->x, "Host");
	AUTO_BYTES text = { 0 };
	struct sheet s = sheet_new(a);

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
	cell(&s, (struct span){ text.data, text.len }, 0, NULL);
	answer(a, &s);
	bytes_free(&s.text);
}

/* ---- builds */

static void
put_builds(struct sheet *into, const json_t *builds, bool whole)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)builds, i, one) {
		const char *name = json_string_value(json_object_get(one, "build"));
		/* made of names that the store checks, and a number */
		AUTO_FREE char *href = xformat("/%s", name == NULL ? "" : name);
		AUTO_FREE char *number =
		    xformat("%lld", (long long)json_integer_value(json_object_get(one, "number")));

		if (whole)
			put_link(into, one, "build", 28, 200, href);
		else
			cell(into, (struct span){ number, strlen(number) }, 7, href);
		bytes_char(&into->text, ' ');
		put(into, one, "status", 13, 20);
		put(into, one, "branch", 20, 80);
		bytes_char(&into->text, ' ');
		put_time(into, one, "created");
		put_seconds(into, one, "elapsed", 9);
		bytes_char(&into->text, ' ');
		put(into, one, "message", 0, MESSAGE);
		end_line(into);
	}
	if (json_array_size(builds) == 0)
		bytes_text(&into->text, "no builds yet\n");
}

/* Without the modules nothing is added when one scrolls. */
static void
put_older(struct ask *a, struct sheet *s, const json_t *tree)
{
	const json_t *builds = json_object_get(tree, "builds");
	const json_t *last = json_array_get(builds, json_array_size(builds) - 1);
	const char *name = json_string_value(json_object_get(last, "build"));

	if (s->html && name != NULL && json_is_true(json_object_get(tree, "more")))
		bytes_format(&s->text, "\n<a href=\"/%s/%s?before=%s\">older</a>\n", params_value(a, "org"),
		    params_value(a, "repo"), name);
}

static void
list(struct ask *a, struct span result, const struct error *e, bool whole)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	struct sheet s = sheet_new(a);

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	put_builds(&s, json_object_get(tree, "builds"), whole);
	if (!whole)
		put_older(a, &s, tree);
	answer(a, &s);
	bytes_free(&s.text);
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

/* That a job ended with exit 0 is what its success says. */
static void
put_reason(struct sheet *into, const json_t *job)
{
	const json_t *exit = json_object_get(job, "exit");
	const char *reason = json_string_value(json_object_get(job, "reason"));

	if (reason != NULL && (strcmp(reason, "exit") != 0 || json_integer_value(exit) != 0)) {
		bytes_char(&into->text, ' ');
		put(into, job, "reason", 0, 40);
	}
	if (json_integer_value(exit) != 0)
		bytes_format(&into->text, " %lld", (long long)json_integer_value(exit));
}

static void
put_jobs(struct sheet *into, const char *build, const json_t *jobs)
{
	const json_t *one;
	size_t i, n = json_array_size(jobs);

	json_array_foreach((json_t *)jobs, i, one) {
		const char *id = json_string_value(json_object_get(one, "job"));
		AUTO_FREE char *href = xformat("/%s/%s/log", build, id == NULL ? "" : id);

		bytes_text(&into->text, i + 1 == n ? "└─ " : "├─ ");
		put_link(into, one, "job", 24, 128, href);
		bytes_char(&into->text, ' ');
		put(into, one, "status", 13, 20);
		put_seconds(into, one, "elapsed", 9);
		put_reason(into, one);
		if (json_object_get(one, "error") != NULL) {
			bytes_text(&into->text, ": ");
			put(into, one, "error", 0, MESSAGE);
		}
		end_line(into);
	}
}

static void
put_head(struct sheet *into, const json_t *build)
{
	put(into, build, "build", 0, 300);
	bytes_text(&into->text, "  ");
	put(into, build, "status", 0, 20);
	if (json_object_get(build, "elapsed") != NULL) {
		bytes_text(&into->text, " in ");
		put_seconds(into, build, "elapsed", 0);
	}
	bytes_text(&into->text, "  ");
	put(into, build, "branch", 0, 80);
	bytes_text(&into->text, " ");
	put(into, build, "rev", 0, 12);
	bytes_text(&into->text, "  ");
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

static char *
build_of(const struct ask *a)
{
	return xformat(
	    "%s/%s/%s", params_value(a, "org"), params_value(a, "repo"), params_value(a, "number"));
}

/* ---- what its jobs have left */

/* Where one of its archives is. */
static void
put_archive(struct sheet *into, const char *place, const char *end)
{
	AUTO_FREE char *href = xformat("%s/archive.%s", place, end);

	if (into->html)
		cell(into, (struct span){ end, strlen(end) }, 0, href);
	else
		bytes_text(&into->text, href);
}

/* whole: with where they are to be had. */
static void
put_artifacts(struct sheet *into, const struct ask *a, const json_t *artifacts, bool whole)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)artifacts, i, one) {
		const char *job = json_string_value(json_object_get(one, "job"));
		const char *id = json_string_value(json_object_get(one, "artifact"));
		int64_t files = json_integer_value(json_object_get(one, "files"));
		int64_t bytes = json_integer_value(json_object_get(one, "bytes"));
		AUTO_FREE char *place = xformat("/api/v1/orgs/%s/repos/%s/builds/%s/jobs/%s/artifacts/%s",
		    params_value(a, "org"), params_value(a, "repo"), params_value(a, "number"),
		    job == NULL ? "" : job, id == NULL ? "" : id);

		bytes_text(&into->text, whole ? "" : "artifact ");
		put(into, one, "job", 24, 128);
		bytes_char(&into->text, ' ');
		put(into, one, "artifact", 24, 128);
		bytes_format(&into->text, " %7lld %-5s %13lld %-5s  ", (long long)files,
		    files == 1 ? "file" : "files", (long long)bytes, bytes == 1 ? "byte" : "bytes");
		if (into->html || whole) {
			put_archive(into, place, "tar.zst");
			bytes_char(&into->text, ' ');
		}
		if (into->html)
			put_archive(into, place, "zip");
		end_line(into);
	}
}

static void
of_artifacts(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	const json_t *artifacts = json_object_get(tree, "artifacts");
	struct sheet s = sheet_new(a);

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	put_artifacts(&s, a, artifacts, true);
	if (json_array_size(artifacts) == 0)
		bytes_text(&s.text, "no artifacts\n");
	if (json_is_true(json_object_get(tree, "more")))
		bytes_text(&s.text, "...\n");
	answer(a, &s);
	bytes_free(&s.text);
}

void
page_artifacts(struct ask *a)
{
	begin(a, of_artifacts);
}

static void
with_artifacts(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	struct sheet *s = a->state;

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	put_artifacts(s, a, json_object_get(tree, "artifacts"), false);
	if (json_is_true(json_object_get(tree, "more")))
		bytes_text(&s->text, "         ...\n");
	answer(a, s);
}

/* ---- and all of it */

static void
call_of_build(struct ask *a, const char *method, ask_done *done)
{
	AUTO_FREE char *build = build_of(a);
	AUTO_BYTES params = { 0 };

	emit_open(&params);
	emit_text(&params, "build", build);
	bytes_char(&params, '}');
	ask_call(a, method, (struct span){ params.data, params.len }, (struct span){ NULL, 0 }, done);
}

static void
with_jobs(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	AUTO_FREE char *build = build_of(a);
	struct sheet *s = a->state;

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	put_jobs(s, build, json_object_get(tree, "jobs"));
	if (json_is_true(json_object_get(tree, "more")))
		bytes_text(&s->text, "   ...\n");
	call_of_build(a, "artifact/list", with_artifacts);
}

static void
drop(void *state)
{
	struct sheet *s = state;

	bytes_free(&s->text);
	free(s);
}

static void
with_build(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *tree = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	struct sheet *s;

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	s = xmalloc(sizeof(*s));
	*s = sheet_new(a);
	a->state = s;
	a->drop = drop;
	put_head(s, tree);
	call_of_build(a, "job/list", with_jobs);
}

static void
with_job(struct ask *a, struct span result, const struct error *e)
{
	json_auto_t *jobs = json_array();
	AUTO_FREE char *build = build_of(a);
	struct sheet s = sheet_new(a);

	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	json_array_append_new(jobs, jsontree_read(result, NULL));
	put_jobs(&s, build, jobs);
	answer(a, &s);
	bytes_free(&s.text);
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
