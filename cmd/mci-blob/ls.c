#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "manifest.h"
#include "memory.h"
#include "naming.h"
#include "option.h"
#include "table.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	const char *blob, *scope;
	bool json, files, head;
};

static const struct option ls_options[] = {
	{ .name = "json", .help = "a JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	VERBS_STORE(struct options),
};

static const struct option stat_options[] = {
	{ .name = "files", .help = "the files in it, a JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, files) },
	{ .name = "head", .help = "with --files: first a line about all, as a JSON object",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, head) },
	{ .name = "json", .help = "as a JSON object", .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, json) },
	VERBS_STORE(struct options),
};

struct records {
	struct record *all;
	size_t n, size, ndamaged;
};

static int
keep(void *arg, struct record *r)
{
	struct records *l = arg;

	if (l->n == l->size) {
		l->size = l->size == 0 ? 64 : 2 * l->size;
		l->all = xrealloc(l->all, l->size, sizeof(*l->all));
	}
	l->all[l->n++] = *r;
	return 0;
}

/* The others are listed all the same. */
static int
complain(void *arg, const char *object, const struct error *why)
{
	struct records *l = arg;

	(void)object;
	l->ndamaged++;
	option_complain(PROGRAM, why);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int by = strcmp(x->name, y->name);

	return by != 0 ? by : x->stranger - y->stranger;
}

static void
print_json(const struct record *r)
{
	AUTO_BYTES line = { 0 };
	AUTO_FREE char *repository = record_repository(r->name);

	emit_open(&line);
	record_members(&line, r);
	emit_text(&line, "repository", repository);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static void
moment(struct table *t, int64_t ns)
{
	AUTO_BYTES text = { 0 };

	if (ns > 0)
		timestamp_write(&text, ns);
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

static void
print_row(struct table *t, const struct record *r)
{
	char number[32];

	table_text(t, r->name, NULL);
	snprintf(number, sizeof(number), "%lld", (long long)r->bytes);
	table_text(t, number, NULL);
	snprintf(number, sizeof(number), "%lld", (long long)r->files);
	table_text(t, number, NULL);
	table_text(t, r->stranger ? "stranger" : "trusted", NULL);
	moment(t, r->created);
	moment(t, r->used);
}

static void
print_all(const struct record *all, size_t n, bool json)
{
	static const char *const headings[] = { "NAME", "BYTES", "FILES", "SCOPE", "CREATED", "USED" };
	struct table t;

	if (json) {
		for (size_t i = 0; i < n; i++)
			print_json(&all[i]);
		return;
	}
	table_open(&t, headings, sizeof(headings) / sizeof(headings[0]));
	for (size_t i = 0; i < n; i++)
		print_row(&t, &all[i]);
	table_close(&t);
}

/* A store that is not there yet has nothing in it. */
static int
run_ls(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct records l = { 0 };
	struct store *store;
	struct error e;
	bool stranger;
	int result;

	if (store_scope(o->scope, &stranger, &e) < 0)
		return option_fail(PROGRAM, &e);
	store = store_open(o->blob, stranger, false, &e);
	if (store == NULL && e.code == ERROR_NOT_FOUND && o->blob == NULL)
		return option_finish(PROGRAM, 0);
	result = store == NULL ? -1 :
	    store->type->list(store, argc > 0 ? argv[0] : "", keep, complain, &l, &e);
	store_close(store);
	if (result == 0) {
		if (l.n > 0)
			qsort(l.all, l.n, sizeof(*l.all), by_name);
		print_all(l.all, l.n, o->json);
	}
	for (size_t i = 0; i < l.n; i++)
		record_free(&l.all[i]);
	free(l.all);
	return result < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, l.ndamaged > 0 ? 2 : 0);
}

static int
print_manifest(struct store *store, const struct record *r, struct error *e)
{
	struct unpack *u = unpack_begin(store);
	int64_t files, bytes;
	struct manifest_reader *m = manifest_open(u, &r->root, &files, &bytes, e);
	struct span line;
	int more = -1;
	bool head = true;

	while (m != NULL && (more = manifest_next(m, &line, e)) > 0) {
		if (!head)
			printf("%.*s\n", (int)line.n, line.p);
		head = false;
	}
	manifest_close(m);
	unpack_end(u);
	return more;
}

struct wanted {
	const char *name;
	struct record record;
};

/* Looking is no use of it: it is listed, not found. */
static int
match(void *arg, struct record *r)
{
	struct wanted *w = arg;

	if (strcmp(r->name, w->name) != 0 || (w->record.name != NULL && w->record.stranger)) {
		record_free(r);
		return 0;
	}
	record_free(&w->record);
	w->record = *r;
	return 0;
}

static int
run_stat(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct wanted w = { .name = argv[0] };
	struct store *store = NULL;
	struct error e;
	bool stranger;
	int result = -1;

	(void)argc;
	if (store_scope(o->scope, &stranger, &e) == 0 && (store = store_open(o->blob, stranger,
	    false, &e)) != NULL)
		result = store->type->list(store, argv[0], match, naming_pass_over, &w, &e);
	if (result == 0 && w.record.name == NULL)
		result = error_set(&e, ERROR_NOT_FOUND, "%s is not there", argv[0]);
	if (result == 0 && o->files && o->head)
		print_json(&w.record);
	if (result == 0 && o->files)
		result = print_manifest(store, &w.record, &e);
	else if (result == 0)
		print_all(&w.record, 1, o->json);
	store_close(store);
	record_free(&w.record);
	return result < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, 0);
}

const struct command blob_ls_command = {
	.program = PROGRAM, .verb = "ls", .operands = "[PREFIX]", .summary = "list the names in a store",
	.options = ls_options, .noptions = sizeof(ls_options) / sizeof(ls_options[0]), .max_operands = 1,
	.run = run_ls, .size = sizeof(struct options),
};

const struct command blob_stat_command = {
	.program = PROGRAM, .verb = "stat", .operands = "NAME", .summary = "what stands under a name",
	.options = stat_options, .noptions = sizeof(stat_options) / sizeof(stat_options[0]),
	    .min_operands = 1,
	.max_operands = 1, .run = run_stat, .size = sizeof(struct options),
};
