#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "place.h"
#include "scan.h"
#include "spec.h"
#include "utf8.h"
#include "verbs.h"

struct options {
	struct option_list after, env, keys;
};

static const struct option options[] = {
	{ .name = "depends-on", .value = "JOB", .help = "run it after JOB; may be given again",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, after),
	  .choices = "jobs" },
	{ .name = "env", .value = "K=V", .help = "a variable; may be given again",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, env) },
	{ .letter = 'k', .name = "key", .value = "KEY=VALUE",
	  .help = "any key of a job; may be given again",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, keys),
	  .choices = "keys" },
};

/* Whether JSON is entries of shell, an object or a list of texts and objects: "true" and "[2]"
 * are commands. */
static bool
is_entries(const char *value, enum scan_type type)
{
	struct scan_member m;
	struct scan scan;

	if (type != SCAN_ARRAY || scan_open(&scan, value, strlen(value), NULL) < 0)
		return type == SCAN_OBJECT;
	while (scan_next(&scan, &m, NULL) > 0) {
		if (m.value.type != SCAN_STRING && m.value.type != SCAN_OBJECT)
			return false;
	}
	return true;
}

/* Whether a value is meant as JSON: where its key takes no text alone, when it is some. */
static bool
is_json(const struct spec_row *row, const char *value)
{
	enum scan_type type;

	if (row == NULL || row->type == &value_type_text ||
	    scan_check(value, strlen(value), &type, NULL) < 0 || type == SCAN_STRING)
		return false;
	return row->type != &value_type_script || is_entries(value, type);
}

static void
value_write(struct bytes *b, const struct spec_row *row, const char *value)
{
	if (is_json(row, value))
		bytes_text(b, value);
	else
		emit_string(b, value, strlen(value));
}

/* Whether an earlier -k names the same key. */
static bool
came(const struct option_list *keys, size_t i)
{
	size_t n = strcspn(keys->items[i], "=") + 1;

	for (size_t k = 0; k < i; k++) {
		if (strncmp(keys->items[k], keys->items[i], n) == 0)
			return true;
	}
	return false;
}

/* A key with its value; those that were given again are a list, and so is one that is only such. */
static int
key_write(struct bytes *b, const struct option_list *keys, size_t i, struct error *e)
{
	AUTO_FREE char *key = NULL;
	AUTO_BYTES list = { 0 };
	const struct spec_row *row;
	const char *value;
	size_t n = 0;

	if (option_pair(keys->items[i], &key, &value, e) < 0)
		return error_set(e, ERROR_USAGE, "-k '%s': expected KEY=VALUE", keys->items[i]);
	if (came(keys, i))
		return 0;
	row = spec_row_find((struct span){ key, strlen(key) }, 0);
	for (size_t k = i; k < keys->n; k++) {
		size_t length = strlen(key);

		if (strncmp(keys->items[k], key, length) != 0 || keys->items[k][length] != '=')
			continue;
		bytes_text(&list, n++ > 0 ? "," : "");
		value_write(&list, row, keys->items[k] + length + 1);
	}
	emit_key(b, key);
	if (n > 1 || (row != NULL && strcmp(row->type->name, "list") == 0 && *list.data != '['))
		bytes_format(b, "[%s]", bytes_string(&list));
	else
		bytes_text(b, bytes_string(&list));
	return 0;
}

static int
env_write(struct bytes *b, const struct option_list *env, struct error *e)
{
	if (env->n == 0)
		return 0;
	emit_key(b, "env");
	emit_open(b);
	for (size_t i = 0; i < env->n; i++) {
		AUTO_FREE char *key = NULL;
		const char *value;

		if (option_pair(env->items[i], &key, &value, e) < 0)
			return error_set(e, ERROR_USAGE, "--env '%s': expected K=V", env->items[i]);
		emit_text(b, key, value);
	}
	bytes_char(b, '}');
	return 0;
}

static int
utf8_check(size_t n, const char *const *words, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!utf8_valid(words[i], strlen(words[i])))
			return error_set(e, ERROR_USAGE, "a word is not UTF-8");
	}
	return 0;
}

/* What was asked for as an object; whether it is a job is seen when it is read. */
static int
object_write(struct bytes *b, const struct options *o, int argc, char **argv, struct error *e)
{
	const char *const *words = (const char *const *)argv;

	if (utf8_check((size_t)argc, words, e) < 0 || utf8_check(o->after.n, o->after.items, e) < 0 ||
	    utf8_check(o->env.n, o->env.items, e) < 0 || utf8_check(o->keys.n, o->keys.items, e) < 0)
		return -1;
	emit_open(b);
	emit_text(b, "id", argv[0]);
	if (argc > 1)
		emit_list(b, "argv", words + 1, (size_t)argc - 1);
	if (env_write(b, &o->env, e) < 0)
		return -1;
	if (o->after.n > 0)
		emit_list(b, "depends-on", o->after.items, o->after.n);
	for (size_t i = 0; i < o->keys.n; i++) {
		if (key_write(b, &o->keys, i, e) < 0)
			return -1;
	}
	bytes_char(b, '}');
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	AUTO_BYTES object = { 0 };
	AUTO_BYTES line = { 0 };
	struct spec s;
	struct error e;

	if (option_common.before_dashes >= 0 ? option_common.before_dashes != 1 : argc != 1) {
		error_set(&e, ERROR_USAGE, "expected spec ID -- COMMAND...");
		return place_complain(&e);
	}
	if (object_write(&object, arg, argc, argv, &e) < 0)
		return place_complain(&e);
	if (spec_read(&s, object.data, object.len, 0, &e) < 0) {
		e.code = ERROR_USAGE;
		return place_complain(&e);
	}
	spec_write(&line, &s, false);
	spec_free(&s);
	fwrite(line.data, 1, line.len, stdout);
	return 0;
}

const struct command spec_command = {
	.program = "mci",
	.verb = "spec",
	.operands = "ID [-- COMMAND...]",
	.summary = "print a job as the line of JSON that a script writes",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run,
	.size = sizeof(struct options),
};
