#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "number.h"
#include "onefile.h"
#include "option.h"
#include "verbs.h"

struct options {
	const char *blob, *scope, *output, *bytes, *last;
	bool tar, zip, zstd, head;
};

static const struct option options[] = {
	{ .name = "bytes", .value = "A-B", .help = "only bytes A to B of the file, from 0",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, bytes) },
	{ .name = "head", .help = "first a line about it, as a JSON object", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, head) },
	{ .name = "last", .value = "N", .help = "only its last N bytes", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, last) },
	{ .letter = 'o', .name = "output", .value = "FILE", .help = "into this file, once it is whole",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, output) },
	{ .name = "tar", .help = "all that was saved, as a tar archive", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, tar) },
	{ .name = "zip", .help = "all that was saved, as a zip archive", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, zip) },
	{ .name = "zstd", .help = "the tar archive compressed", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, zstd) },
	VERBS_STORE(struct options),
};

static int
write_head(const struct record *r, int fd, struct error *e)
{
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	record_members(&line, r);
	emit_line(&line);
	return onefile_write(fd, (struct span){ line.data, line.len }, e);
}

static int
get_to(struct store *store, const struct record *r, const char *path, const struct options *o, int fd,
    struct error *e)
{
	struct onefile file = { .path = path, .upto = INT64_MAX, .last = -1, .head = o->head };

	if (!o->tar && !o->zip) {
		if ((o->bytes != NULL && number_range(o->bytes, 0, &file.from, &file.upto, e) < 0) ||
		    (o->last != NULL && number_parse(o->last, strlen(o->last), 0, INT64_MAX, &file.last,
		    e) < 0))
			return -1;
		return onefile_get(store, r, &file, fd, e);
	}
	if (o->head && write_head(r, fd, e) < 0)
		return -1;
	return archive_get(store, r, o->zip ? "--zip" : "--tar", o->zstd, fd, e);
}

static int
get(struct store *store, const struct record *r, const char *path, const struct options *o, struct error *e)
{
	const char *output = o->output;
	AUTO_FREE char *fresh = NULL;
	AUTO_CLOSE int fd = -1;

	if (output == NULL || strcmp(output, "-") == 0)
		return get_to(store, r, path, o, STDOUT_FILENO, e);
	fresh = xformat("%s.new", output);
	fd = kernel.open(AT_FDCWD, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return error_sys(e, "create %s", fresh);
	if (get_to(store, r, path, o, fd, e) < 0) {
		(void)names_remove(AT_FDCWD, fresh, NULL);
		return -1;
	}
	return names_replace(AT_FDCWD, fresh, output, e);
}

static int
check(const struct options *o, int argc, struct error *e)
{
	bool archive = o->tar || o->zip;

	if (o->tar && o->zip)
		return error_set(e, ERROR_USAGE, "--tar or --zip, not both");
	if (o->zstd && !o->tar)
		return error_set(e, ERROR_USAGE, "--zstd is of a tar archive: --tar --zstd");
	if (archive && argc > 1)
		return error_set(e, ERROR_USAGE, "an archive is of all that was saved: no PATH");
	if ((archive || o->last != NULL) && o->bytes != NULL)
		return error_set(e, ERROR_USAGE, "--bytes is of a file, and not with --last");
	if (archive && o->last != NULL)
		return error_set(e, ERROR_USAGE, "--last is of a file");
	return 0;
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct store *store = NULL;
	struct record r = { 0 };
	struct error e;
	bool stranger, hit;
	int result = -1;

	if (check(o, argc, &e) == 0 && store_scope(o->scope, &stranger, &e) == 0 &&
	    (store = store_open(o->blob, stranger, false, &e)) != NULL &&
	    store->type->find(store, (const char *const *)argv, 1, &r, &hit, &e) == 0)
		result = get(store, &r, argc > 1 ? argv[1] : NULL, o, &e);
	store_close(store);
	record_free(&r);
	return result < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, 0);
}

const struct command blob_get_command = {
	.program = PROGRAM, .verb = "get", .operands = "NAME [PATH]",
	.summary = "print a stored file, or all as an archive", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .min_operands = 1, .max_operands = 2,
	.run = run, .size = sizeof(struct options),
};
