#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "emit.h"
#include "folder.h"
#include "kernel.h"
#include "list.h"
#include "memory.h"
#include "option.h"
#include "standard.h"
#include "textfile.h"
#include "tree.h"

#define PROGRAM "mci-blob-hash"
/* Bytes of a key, and of the list of a run before. */
#define KEY_MOST ((size_t)1024 * 1024)
#define LIST_MOST ((size_t)1024 * 1024 * 1024)
#define CHANGED 20 /* names that people still read */

struct options {
	const char *below, *into, *list, *last, *key;
	struct option_list exclude;
	bool facts, json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct option options[] = {
	{ .name = "below", .value = "DIR", .help = "go to this folder, through no link", .kind = OPTION_TEXT,
	  .offset = FIELD(below) },
	{ .name = "exclude", .value = "GLOB", .help = "leave out what matches", .kind = OPTION_LIST,
	  .offset = FIELD(exclude) },
	{ .name = "into", .value = "DIR", .help = "copy the files to this folder, as they are read",
	  .kind = OPTION_TEXT, .offset = FIELD(into) },
	{ .name = "facts", .help = "read further inputs from standard input, as lines {\"fact\",\"value\"}",
	  .kind = OPTION_FLAG, .offset = FIELD(facts) },
	{ .name = "key", .value = "FILE", .help = "what facts that are secrets are digested with",
	  .kind = OPTION_TEXT, .offset = FIELD(key) },
	{ .name = "list", .value = "FILE", .help = "write the digest of each input there",
	  .kind = OPTION_TEXT, .offset = FIELD(list) },
	{ .name = "last", .value = "FILE", .help = "say what is other than in this list, if there is one",
	  .kind = OPTION_TEXT, .offset = FIELD(last) },
	{ .name = "json", .help = "print one JSON object", .kind = OPTION_FLAG, .offset = FIELD(json) },
};

static const struct command command = {
	.program = PROGRAM,
	.operands = "PATH|GLOB...",
	.summary = "print one digest of what files hold, and copy them",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.complete = "files",
	.size = sizeof(struct options),
};

static int
file_write(const char *path, const struct bytes *text, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || kernel_write_all(fd, text->data, text->len) < 0)
		return error_sys(e, "%s", path);
	return 0;
}

static int
all_add(const struct options *o, struct bytes *list, const struct tree *t, int64_t *bytes, struct error *e)
{
	AUTO_BYTES key = { 0 };
	int result = 0;

	if (o->key != NULL && textfile_read(&key, o->key, KEY_MOST, e) < 0)
		return -1;
	if (o->facts && list_facts(list, STDIN_FILENO, (struct span){ key.data, key.len }, e) < 0)
		return -1;
	for (size_t i = 0; i < t->n && result == 0; i++)
		result = list_file(list, ".", t->paths[i], o->into, bytes, e);
	return result;
}

static void
print(const struct options *o, const struct bytes *list, size_t files, int64_t bytes)
{
	char hex[LIST_DIGEST + 1];
	AUTO_BYTES last = { 0 };
	AUTO_BYTES line = { 0 };
	AUTO_BYTES changed = { 0 };
	struct error e;

	list_digest(list->data, list->len, hex);
	if (!o->json) {
		printf("%s\n", hex);
		return;
	}
	emit_open(&line);
	emit_text(&line, "digest", hex);
	emit_integer(&line, "files", (int64_t)files);
	emit_integer(&line, "bytes", bytes);
	if (o->last != NULL && textfile_read(&last, o->last, LIST_MOST, &e) == 0) {
		list_compare(&changed, (struct span){ list->data, list->len },
		    (struct span){ last.data, last.len }, CHANGED);
		emit_key(&line, "changed");
		bytes_char(&line, '[');
		bytes_add(&line, changed.data, changed.len);
		bytes_char(&line, ']');
	}
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static int
run(const struct options *o, int argc, char **argv, struct error *e)
{
	struct tree t = { 0 };
	AUTO_BYTES list = { 0 };
	int64_t bytes = 0;
	int result = o->below == NULL ? 0 : folder_go_below(o->below, false, e);

	if (result == 0)
		result = tree_read(&t, ".", argv, (size_t)argc, &o->exclude, e);

	if (result == 0)
		result = all_add(o, &list, &t, &bytes, e);
	if (result == 0 && o->list != NULL)
		result = file_write(o->list, &list, e);
	if (result == 0)
		print(o, &list, t.n, bytes);
	tree_free(&t);
	return result;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct error e;

	standard_begin();
	option_parse(&command, &argc, argv, &o);
	if (run(&o, argc, argv, &e) < 0) {
		option_complain(PROGRAM, &e);
		return option_finish(PROGRAM, 125);
	}
	return option_finish(PROGRAM, 0);
}
