#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "place.h"
#include "scan.h"
#include "specvalue.h"
#include "verbs.h"

struct options {
	const char *address;
	bool json;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS",
	  .help = "the build; that of this job by default", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, address) },
	{ .name = "json", .help = "outputs as one JSON object", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

/* A line K=V of the file $MCI_OUTPUT, and for a value that takes more than a line those between K<<WORD and
 * WORD. */
static void
pair_write(struct bytes *text, struct span key, const char *value, size_t n)
{
	AUTO_FREE char *word = xstrdup("END");

	bytes_add(text, key.p, key.n);
	if (memchr(value, '\n', n) == NULL && (n == 0 || value[n - 1] != '\r')) {
		bytes_char(text, '=');
		bytes_add(text, value, n);
		bytes_char(text, '\n');
		return;
	}
	for (unsigned i = 2; memmem(value, n, word, strlen(word)) != NULL; i++) {
		free(word);
		word = xformat("END%u", i);
	}
	bytes_format(text, "<<%s\n", word);
	bytes_add(text, value, n);
	bytes_format(text, "\n%s\n", word);
}

/* The lines of {"outputs":{...}}. */
static int
print_all(struct span result, bool json, struct error *e)
{
	AUTO_BYTES outputs = { 0 };
	AUTO_BYTES text = { 0 };
	struct scan s;
	struct scan_member m;
	int got = door_member(&outputs, result, "outputs", e);

	if (got <= 0)
		return got;
	if (json) {
		bytes_char(&outputs, '\n');
		fwrite(outputs.data, 1, outputs.len, stdout);
		return 0;
	}
	if (scan_open(&s, outputs.data, outputs.len, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		AUTO_BYTES value = { 0 };

		if (m.value.type != SCAN_STRING)
			bytes_add(&value, m.value.raw.p, m.value.raw.n);
		else if (scan_text(&m.value, &value, e) < 0)
			return -1;
		pair_write(&text, m.key, bytes_string(&value), value.len);
	}
	if (text.len > 0)
		fwrite(text.data, 1, text.len, stdout);
	return got;
}

static int
get(const struct options *o, int argc, char **argv, struct error *e)
{
	AUTO_BYTES params = { 0 };
	AUTO_BYTES result = { 0 };
	AUTO_BYTES value = { 0 };
	struct span reply;

	if (argc != 1 && argc != 2)
		return error_set(e, ERROR_USAGE, "expected output get JOB [NAME]");
	emit_open(&params);
	emit_text(&params, "job", argv[0]);
	if (argc == 2)
		emit_text(&params, "name", argv[1]);
	bytes_char(&params, '}');
	if (door_call(o->address, "output/get", (struct span){ params.data, params.len }, &result,
	    e) < 0)
		return -1;
	reply = (struct span){ result.data, result.len };
	if (argc == 1)
		return print_all(reply, o->json, e);
	if (door_member(&value, reply, "value", e) < 0)
		return -1;
	bytes_char(&value, '\n');
	fwrite(value.data, 1, value.len, stdout);
	return 0;
}

/* One write under O_APPEND: lines of commands that set outputs at once do not mix. */
static int
set(int argc, char **argv, struct error *e)
{
	const char *path = getenv("MCI_OUTPUT");
	AUTO_BYTES lines = { 0 };
	AUTO_CLOSE int fd = -1;

	if (argc == 0)
		return error_set(e, ERROR_USAGE, "expected output set NAME=VALUE...");
	if (path == NULL || *path == '\0')
		return error_set(e, ERROR_USAGE, "MCI_OUTPUT is not set: this works inside a job");
	for (int i = 0; i < argc; i++) {
		AUTO_FREE char *key = NULL;
		const char *value;

		if (option_pair(argv[i], &key, &value, e) < 0)
			return -1;
		if (!value_name_ok(key, strlen(key)))
			return error_set(e, ERROR_USAGE, "'%s': expected NAME=VALUE, NAME of letters, digits "
			    "and _", key);
		pair_write(&lines, (struct span){ key, strlen(key) }, value, strlen(value));
	}
	fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || kernel_write_all(fd, lines.data, lines.len) < 0)
		return error_sys(e, "write %s", path);
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct error e;
	int result;

	if (strcmp(argv[0], "get") == 0)
		result = get(o, argc - 1, argv + 1, &e);
	else if (strcmp(argv[0], "set") == 0)
		result = set(argc - 1, argv + 1, &e);
	else
		result = error_set(&e, ERROR_USAGE, "output %s: expected output get or output set",
		    argv[0]);
	return result < 0 ? place_complain(&e) : 0;
}

const struct command output_command = {
	.program = "mci",
	.verb = "output",
	.operands = "get JOB [NAME] | set NAME=VALUE...",
	.summary = "in a job: read another job's outputs, set this one's",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = run,
	.size = sizeof(struct options),
};
