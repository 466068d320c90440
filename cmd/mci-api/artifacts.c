#include "artifacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "blobworker.h"
#include "emit.h"
#include "jsontree.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "params.h"
#include "ranges.h"
#include "siphash.h"
#include "standing.h"

/* Files of an answer in JSON, and their bytes; a page of long ones ends before that. */
#define FILES 1000
#define BYTES ((size_t)4 * 1024 * 1024)

static const struct contract_field fields[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, true, "id of the job that left it" },
	{ "artifact", CONTRACT_TEXT, true, "its id" },
	{ "path", CONTRACT_TEXT, false, "of a file in it" },
	{ "from", CONTRACT_INTEGER, false, "how many to leave out; 0" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 1000" },
};
const struct contract_method artifacts_takes = { .name = "artifact/get", .params = fields,
	.nparams = sizeof(fields) / sizeof(fields[0]) };

const struct contract_field artifacts_files_answer[2] = {
	{ "files", CONTRACT_ARRAY, true, "in the order of their names, folders in front of what is in them: "
	    "objects with path (or path64, in base64), type (file, folder, symlink or link), mode, size, "
	    "modified and target" },
	{ "more", CONTRACT_BOOL, true, "whether there are others" },
};

struct form;

/* One that is being read for an answer. */
struct reading {
	struct ask *ask; /* NULL: it has been answered */
	struct exchange *x;
	const struct form *form;
	struct blobworker *worker;
	char *digest, *artifact; /* as the store's row has them */
	bool ranged;             /* a part was asked for */
	/* of a list */
	struct line_reader lines;
	struct bytes out;
	size_t given;
	int64_t from, limit, seen, taken;
	bool more, over, cut;
};

/* A way to read one: what mci-blob is told besides its name, and what becomes of it. */
struct form {
	const char *verb;
	const char *words[3]; /* NULL-terminated */
	const char *type, *suffix;
	void (*begun)(struct reading *r, struct span head);
};

static void
drop(void *state)
{
	struct reading *r = state;

	blobworker_free(r->worker);
	line_free(&r->lines);
	bytes_free(&r->out);
	free(r->digest);
	free(r->artifact);
	free(r);
}

/* ---- the answer's head */

/* A strong one: the digest says what all of it is. */
static void
etag_write(const struct reading *r, char etag[static 96])
{
	static const uint64_t key[2] = { UINT64_C(0x6172746966616374), UINT64_C(0x706174682d312e30) };
	const char *path = params_value(r->ask, "path");
	uint64_t what = path == NULL ? 0 : siphash(key, (struct span){ path, strlen(path) });

	if (path == NULL)
		snprintf(etag, 96, "\"%.64s%s\"", r->digest, r->form->suffix);
	else
		snprintf(etag, 96, "\"%.64s-%016llx\"", r->digest, (unsigned long long)what);
}

/* What a browser may know of a file by its name; anything else is bytes. Nothing of it runs. */
static const char *
type_of(const char *path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".txt", "text/plain; charset=utf-8" }, { ".log", "text/plain; charset=utf-8" },
		{ ".md", "text/plain; charset=utf-8" }, { ".csv", "text/plain; charset=utf-8" },
		{ ".diff", "text/plain; charset=utf-8" }, { ".patch", "text/plain; charset=utf-8" },
		{ ".json", "application/json" }, { ".png", "image/png" }, { ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" }, { ".gif", "image/gif" }, { ".webp", "image/webp" },
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(dot, types[i].end) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* As a file to be kept (RFC 6266), whatever its name has in it. */
static void
add_disposition(struct ask *a, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._+";
	AUTO_BYTES text = { 0 };

	bytes_text(&text, "attachment; filename=\"");
	for (const char *p = name; *p != '\0'; p++)
		bytes_char(&text, strchr(plain, *p) != NULL ? *p : '_');
	bytes_text(&text, "\"; filename*=UTF-8''");
	for (const char *p = name; *p != '\0'; p++) {
		if (strchr(plain, *p) != NULL && *p != '+')
			bytes_char(&text, *p);
		else
			bytes_format(&text, "%%%02X", (unsigned char)*p);
	}
	exchange_add(a->x, "Content-Disposition", bytes_string(&text));
}

/* Whatever it is, a browser lets it do nothing here. */
static void
add_guard(struct ask *a)
{
	exchange_add(a->x, "Content-Security-Policy", "sandbox; default-src 'none'");
	exchange_add(a->x, "Cross-Origin-Resource-Policy", "same-origin");
}

/* ---- bytes */

static ssize_t
read_bytes(void *arg, char *p, size_t n)
{
	return blobworker_read(((struct reading *)arg)->worker, p, n);
}

/* From here on it is the exchange's. */
static struct ask *
answered(struct reading *r)
{
	struct ask *a = r->ask;

	r->ask = NULL;
	a->state = NULL;
	a->drop = NULL;
	answer_begin(a);
	return a;
}

static const struct exchange_source bytes_source = { read_bytes, drop };

static void
archive_begun(struct reading *r, struct span head)
{
	const char *type = r->form->type;
	AUTO_FREE char *name = xformat("%s-%s-%s%s", params_value(r->ask, "repo"),
	    params_value(r->ask, "number"), r->artifact, r->form->suffix);

	(void)head;
	add_disposition(r->ask, name);
	add_guard(r->ask);
	exchange_add(r->ask->x, "Accept-Ranges", "none");
	standing_stream(answered(r), 200, type, -1, &bytes_source, r);
}

static void
file_begun(struct reading *r, struct span head)
{
	struct ask *a = r->ask;
	const char *path = params_value(a, "path"), *slash = strrchr(path, '/');
	int64_t size = message_integer(head, "size", 0), from = message_integer(head, "from", -1),
	    to = message_integer(head, "to", -1);
	char text[80];

	exchange_add(a->x, "Accept-Ranges", "bytes");
	if (r->ranged && from >= to) {
		snprintf(text, sizeof(text), "bytes */%lld", (long long)size);
		exchange_add(a->x, "Content-Range", text);
		answer_problem(a, 416, NULL, "the file has %lld bytes", (long long)size);
		return;
	}
	if (r->ranged) {
		snprintf(text, sizeof(text), "bytes %lld-%lld/%lld", (long long)from, (long long)to - 1,
		    (long long)size);
		exchange_add(a->x, "Content-Range", text);
	}
	add_disposition(a, slash == NULL ? path : slash + 1);
	add_guard(a);
	standing_stream(answered(r), r->ranged ? 206 : 200, type_of(path), to - from, &bytes_source, r);
}

/* ---- a list of files */

/* A line of the manifest as others see it: what it is made of is the store's. */
static void
row_write(struct bytes *into, struct span line)
{
	static const char *const members[] = { "path", "path64", "type", "mode", "size", "target",
		"target64" };
	struct scan_value v;
	int64_t time;

	emit_open(into);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (message_member(line.p, line.n, members[i], &v, NULL) > 0)
			emit_raw(into, members[i], v.raw);
	}
	if (message_member(line.p, line.n, "mtime", &v, NULL) > 0 &&
	    scan_integer(&v, INT64_MIN, INT64_MAX, &time, NULL) == 0)
		emit_time(into, "modified", time);
	bytes_char(into, '}');
}

static bool
is_file(struct span line)
{
	struct scan_value v;

	return message_member(line.p, line.n, "type", &v, NULL) > 0;
}

/* All lines that have come, each a row with this in front of all but the first, and this behind. */
static void
take_lines(struct reading *r, const char *between, const char *behind)
{
	struct span line;

	while (line_next(&r->lines, &line) == LINE_OK) {
		if (!is_file(line) || r->seen++ < r->from)
			continue;
		if (r->taken == r->limit || r->out.len - r->given > BYTES) {
			r->more = true;
			return;
		}
		if (r->taken++ > 0)
			bytes_text(&r->out, between);
		row_write(&r->out, line);
		bytes_text(&r->out, behind);
	}
}

/* More of what the worker says; whether anything came. */
static bool
more_lines(struct reading *r)
{
	char piece[16 * 1024];
	ssize_t n = r->over ? 0 : blobworker_read(r->worker, piece, sizeof(piece));

	if (n > 0)
		line_add(&r->lines, piece, (size_t)n);
	r->over = r->over || n < 0;
	r->cut = r->cut || n == -2;
	return n > 0;
}

static void
page_ready(struct reading *r)
{
	AUTO_BYTES json = { 0 };
	struct ask *a = r->ask;

	while (!r->more && more_lines(r))
		take_lines(r, ",", "");
	if (r->cut && !r->more) {
		answer_problem(a, 500, NULL, "the list of its files could not be read");
		return;
	}
	if (!r->over && !r->more)
		return;
	bytes_text(&json, "{\"files\":[");
	bytes_add(&json, r->out.data == NULL ? "" : r->out.data, r->out.len);
	bytes_format(&json, "],\"more\":%s}", r->more ? "true" : "false");
	ask_link_next(a, (struct span){ json.data, json.len });
	answer_json(a, 0, (struct span){ json.data, json.len });
}

/* Only as much as is taken. */
static ssize_t
read_rows(void *arg, char *p, size_t n)
{
	struct reading *r = arg;

	if (r->given == r->out.len) {
		r->given = r->out.len = 0;
		while (r->out.len == 0 && more_lines(r))
			take_lines(r, "", "\n");
	}
	if (r->given == r->out.len)
		return r->over ? (r->cut ? -2 : -1) : 0;
	if (n > r->out.len - r->given)
		n = r->out.len - r->given;
	memcpy(p, r->out.data + r->given, n);
	r->given += n;
	return (ssize_t)n;
}

static void
files_begun(struct reading *r, struct span head)
{
	static const struct exchange_source source = { read_rows, drop };
	const char *accept = exchange_header(r->x, "Accept");

	(void)head;
	if (accept == NULL || strstr(accept, "application/x-ndjson") == NULL) {
		page_ready(r);
		return;
	}
	r->limit = INT64_MAX;
	standing_stream(answered(r), 200, "application/x-ndjson", -1, &source, r);
}

/* ---- from the row of the store to the bytes */

static void
head_came(void *arg, struct span line)
{
	struct reading *r = arg;

	r->form->begun(r, line);
}

static void
ready(void *arg)
{
	struct reading *r = arg;

	if (r->ask == NULL)
		exchange_wake(r->x);
	else if (!r->ask->answered)
		page_ready(r);
}

static void
failed(void *arg, bool missing)
{
	struct reading *r = arg;
	struct ask *a = r->ask;
	struct error e;

	if (missing && params_value(a, "path") != NULL) {
		error_set(&e, ERROR_NOT_FOUND, "no such file");
		answer_error(a, &e);
	} else if (missing) {
		answer_problem(a, 410, NULL, "it is not kept any more");
	} else {
		fprintf(stderr, "mci-api: an artifact could not be read: mci-blob %s has failed\n",
		    r->form->verb);
		answer_problem(a, 500, NULL, "it could not be read");
	}
}

static const struct blobworker_events worker_events = { head_came, failed, ready };

static void
worker_start(struct reading *r, const char *name, const char *scope)
{
	static const char method[] = "blob/find";
	struct ask *a = r->ask;
	const char *words[16], *path = params_value(a, "path");
	struct range range = { 0 };
	AUTO_FREE char *part = NULL;
	size_t n = 0;
	struct error e;

	words[n++] = "--scope";
	words[n++] = scope;
	for (size_t i = 0; r->form->words[i] != NULL; i++)
		words[n++] = r->form->words[i];
	if (r->ranged && ranges_read(exchange_header(a->x, "Range"), &range)) {
		part = range.last >= 0 ? xformat("%lld", (long long)range.last) :
		    range.to < 0      ? xformat("%lld-", (long long)range.from) :
					xformat("%lld-%lld", (long long)range.from, (long long)range.to);
		words[n++] = range.last >= 0 ? "--last" : "--bytes";
		words[n++] = part;
	}
	words[n++] = "--";
	words[n++] = name;
	if (path != NULL)
		words[n++] = path;
	words[n] = NULL;
	r->worker = blobworker_start(a->gateway->workers,
	    gateway_place(a->gateway, (struct span){ method, sizeof(method) - 1 })->address, a->who.id,
	    r->form->verb, words, &worker_events, r, &e);
	if (r->worker == NULL)
		answer_error(a, &e);
}

/* Whether a range is asked for, of what is there still (RFC 9110 section 13.1.5). */
static bool
wants_range(const struct ask *a, const char *etag)
{
	const char *same = exchange_header(a->x, "If-Range");
	struct range range;

	return params_value(a, "path") != NULL && (same == NULL || strcmp(same, etag) == 0) &&
	    ranges_read(exchange_header(a->x, "Range"), &range);
}

static void
got(struct ask *a, struct span result, const struct error *e)
{
	struct reading *r = a->state;
	json_auto_t *row = e->code == ERROR_NONE ? jsontree_read(result, NULL) : NULL;
	const char *name = json_string_value(json_object_get(row, "name")),
		   *digest = json_string_value(json_object_get(row, "digest")),
		   *scope = json_string_value(json_object_get(row, "trust"));
	char etag[96];

	if (row == NULL) {
		answer_error(a, e);
		return;
	}
	if (name == NULL || digest == NULL) {
		answer_problem(a, 410, NULL, "it is not kept any more");
		return;
	}
	r->digest = xstrdup(digest);
	r->artifact = xstrdup(json_string_value(json_object_get(row, "artifact")));
	if (r->form->type != NULL || params_value(a, "path") != NULL) {
		etag_write(r, etag);
		if (answer_unchanged(a, etag))
			return;
		r->ranged = wants_range(a, etag);
	}
	worker_start(r, name, scope == NULL ? "trusted" : scope);
}

static void
begin(struct ask *a, const struct form *form)
{
	const char *from = params_query(a, "from"), *limit = params_query(a, "limit");
	AUTO_FREE char *build = xformat("%s/%s/%s", params_value(a, "org"), params_value(a, "repo"),
	    params_value(a, "number"));
	AUTO_BYTES params = { 0 };
	struct reading *r;

	if (params_read(a, &artifacts_takes, &params) < 0)
		return;
	r = xmalloc(sizeof(*r));
	*r = (struct reading){ .ask = a, .x = a->x, .form = form,
		.from = from == NULL ? 0 : strtoll(from, NULL, 10),
		.limit = limit == NULL ? FILES : strtoll(limit, NULL, 10) };
	a->state = r;
	a->drop = drop;
	if (r->from < 0 || r->limit < 1 || r->limit > FILES) {
		answer_problem(a, 400, r->from < 0 ? "from" : "limit", "%s",
		    r->from < 0 ? "from: expected 0 or more" : "limit: expected 1 to 1000");
		return;
	}
	params.len = 0;
	emit_open(&params);
	emit_text(&params, "build", build);
	emit_text(&params, "job", params_value(a, "job"));
	emit_text(&params, "artifact", params_value(a, "artifact"));
	bytes_char(&params, '}');
	ask_call(a, "artifact/get", (struct span){ params.data, params.len }, (struct span){ NULL, 0 }, got);
}

void
artifacts_files(struct ask *a)
{
	static const struct form form = { "stat", { "--files", NULL }, NULL, NULL, files_begun };

	begin(a, &form);
}

void
artifacts_file(struct ask *a)
{
	static const struct form form = { "get", { NULL }, NULL, NULL, file_begun };

	begin(a, &form);
}

void
artifacts_tar(struct ask *a)
{
	static const struct form form = { "get", { "--tar", NULL }, "application/x-tar", ".tar",
		archive_begun };

	begin(a, &form);
}

void
artifacts_tar_zst(struct ask *a)
{
	static const struct form form = { "get", { "--tar", "--zstd", NULL }, "application/zstd", ".tar.zst",
		archive_begun };

	begin(a, &form);
}

void
artifacts_zip(struct ask *a)
{
	static const struct form form = { "get", { "--zip", NULL }, "application/zip", ".zip",
		archive_begun };

	begin(a, &form);
}
