#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "entry.h"
#include "kernel.h"
#include "manifest.h"
#include "memory.h"
#include "names.h"
#include "option.h"
#include "standard.h"
#include "verbs.h"

struct options {
	const char *blob, *scope, *output;
	bool tar, zip;
};

static const struct option options[] = {
	{ .letter = 'o', .name = "output", .value = "FILE", .help = "into this file, once it is whole",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, output) },
	{ .name = "tar", .help = "all that was saved, as a tar archive", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, tar) },
	{ .name = "zip", .help = "all that was saved, as a zip archive", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, zip) },
	VERBS_STORE(struct options),
};

static int
write_out(int fd, struct span bytes, struct error *e)
{
	int done = fd == STDOUT_FILENO ? standard_write(fd, bytes.p, bytes.n) : kernel_write_all(fd,
	    bytes.p, bytes.n);

	return done == 0 ? 0 : error_sys(e, "write");
}

static int
write_pieces(struct unpack *u, const struct entry *x, int fd, struct error *e)
{
	static const char zeros[65536];

	for (size_t i = 0; i < x->npieces; i++) {
		struct span bytes;

		for (int64_t left = x->pieces[i].hole; left > 0; left -= (int64_t)bytes.n) {
			bytes = (struct span){ zeros,
			    left < (int64_t)sizeof(zeros) ? (size_t)left : sizeof(zeros) };
			if (write_out(fd, bytes, e) < 0)
				return -1;
		}
		if (x->pieces[i].hole == 0 &&
		    (unpack_find(u, &x->pieces[i].digest, &bytes, e) < 0 || write_out(fd, bytes, e) < 0))
			return -1;
	}
	return 0;
}

/* Looks for the file: path, or the only one there is. Its first entry line is where chunks begin; those in
 * more lines follow. */
static int
get_file(struct store *store, const struct record *r, const char *path, int fd, struct error *e)
{
	struct unpack *lines = unpack_begin(store), *chunks = unpack_begin(store);
	struct entry x = { 0 };
	int64_t files, bytes;
	struct manifest_reader *m = manifest_open(lines, &r->root, &files, &bytes, e);
	struct span line;
	int more = -1;
	bool wanted = false, found = false;

	if (m != NULL && path == NULL && files != 1) {
		more = error_set(e, ERROR_USAGE,
		    "%s: has %lld files: name one of them behind it, or restore them all",
		    r->name, (long long)files);
	} else if (m != NULL) {
		while ((more = manifest_next(m, &line, e)) > 0) {
			if (entry_read(&x, line, e) < 0) {
				more = -1;
				break;
			}
			if (x.kind != ENTRY_MORE)
				wanted = x.kind == ENTRY_FILE && (path == NULL ||
				    strcmp(x.path.data, path) == 0);
			found = found || wanted;
			if (wanted && write_pieces(chunks, &x, fd, e) < 0) {
				more = -1;
				break;
			}
		}
		if (more == 0 && !found)
			more = error_set(e, ERROR_NOT_FOUND, "%s: has no file %s", r->name,
			    path == NULL ? "" : path);
	}
	manifest_close(m);
	entry_free(&x);
	unpack_end(lines);
	unpack_end(chunks);
	return more;
}

static int
get_to(struct store *store, const struct record *r, const char *path, const struct options *o, int fd,
    struct error *e)
{
	return o->tar || o->zip ? archive_get(store, r, o->zip, fd, e) : get_file(store, r, path, fd, e);
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
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct store *store = NULL;
	struct record r = { 0 };
	struct error e;
	bool stranger, hit;
	int result = -1;

	if ((o->tar || o->zip) && (o->tar == o->zip || argc > 1))
		error_set(&e, ERROR_USAGE, o->tar == o->zip ? "--tar or --zip, not both" :
		    "an archive is of all that was saved: no PATH");
	else if (store_scope(o->scope, &stranger, &e) == 0 &&
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
