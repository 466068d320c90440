#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "chunker.h"
#include "entry.h"
#include "kernel.h"
#include "manifest.h"
#include "memory.h"
#include "option.h"
#include "verbs.h"

struct options {
	const char *blob, *scope, *build;
	int64_t run;
	bool tar;
};

static const struct option options[] = {
	{ .name = "build", .value = "BUILD", .help = "which writes it", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, build) },
	{ .name = "run", .value = "N", .help = "of that build: an older one is refused",
	    .kind = OPTION_NUMBER,
	  .offset = offsetof(struct options, run), .min = 1, .max = INT32_MAX },
	{ .name = "tar", .help = "it is a tar archive: store what that holds", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, tar) },
	VERBS_STORE(struct options),
};

/* What can be read from fd, to its end. */
static int
put_chunks(struct packer_thread *thread, int fd, const char *name, struct entry *x, struct error *e)
{
	AUTO_BYTES raw = { 0 };
	bool over = false;

	while (!over || raw.len > 0) {
		struct entry_piece piece = { 0 };
		size_t n;

		while (!over && raw.len < FORMAT_CHUNK) {
			ssize_t got = kernel_read_some(fd, bytes_reserve(&raw, FORMAT_CHUNK), FORMAT_CHUNK);

			if (got < 0)
				return error_sys(e, "read %s", name);
			over = got == 0;
			raw.len += (size_t)got;
			x->size += got;
		}
		if (raw.len == 0)
			break;
		n = over && raw.len <= FORMAT_WHOLE ? raw.len :
		    chunker_cut((unsigned char *)raw.data, raw.len, FORMAT_CHUNK);
		if (packer_put(thread, raw.data, n, &piece.digest, e) < 0)
			return -1;
		entry_add_piece(x, &piece);
		bytes_drop(&raw, n);
	}
	return 0;
}

static int
put(struct store *store, struct record *r, const char *file, struct error *e)
{
	struct packer *packer = packer_new(store);
	struct manifest_writer m = { .thread = packer_begin(packer) };
	struct entry x = { .kind = ENTRY_FILE, .mode = 0644, .mtime = kernel.wall() };
	const char *last = file == NULL ? "data" : strrchr(file, '/') == NULL ? file : strrchr(file, '/') + 1;
	AUTO_CLOSE int opened = file == NULL ? -1 : kernel.open(AT_FDCWD, file, O_RDONLY, 0);
	int result = -1;

	bytes_text(&x.path, last);
	entry_write_head(&m.lines, &last, 1);
	if (file != NULL && opened < 0)
		error_sys(e, "open %s", file);
	else
		result = put_chunks(m.thread, file == NULL ? STDIN_FILENO : opened,
		    file == NULL ? "stdin" : file,
		    &x, e);
	if (result == 0) {
		entry_write(&m.lines, &x);
		r->files = 1;
		r->bytes = x.size;
		r->created = kernel.wall();
		if (manifest_finish(&m, 1, x.size, &r->root, e) < 0 || packer_finish(packer, e) < 0 ||
		    store->type->commit(store, r, e) < 0)
			result = -1;
	}
	entry_free(&x);
	manifest_free(&m);
	packer_end(m.thread);
	packer_free(packer);
	return result;
}

static int
put_archive(struct store *store, struct record *r, const char *file, struct error *e)
{
	AUTO_CLOSE int opened = file == NULL ? -1 : kernel.open(AT_FDCWD, file, O_RDONLY, 0);

	if (file != NULL && opened < 0)
		return error_sys(e, "open %s", file);
	return archive_put(store, r, file == NULL ? STDIN_FILENO : opened, e);
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct record r = { .name = argv[0], .build = (char *)(uintptr_t)o->build, .run = o->run };
	const char *file = argc < 2 || strcmp(argv[1], "-") == 0 ? NULL : argv[1];
	struct store *store = NULL;
	struct error e;
	int result = -1;

	if (record_check_name(r.name, &e) == 0 && store_scope(o->scope, &r.stranger, &e) == 0 &&
	    (store = store_open(o->blob, r.stranger, true, &e)) != NULL)
		result = o->tar ? put_archive(store, &r, file, &e) : put(store, &r, file, &e);
	store_close(store);
	return result < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, 0);
}

const struct command blob_put_command = {
	.program = PROGRAM, .verb = "put", .operands = "NAME [FILE]",
	.summary = "store a file, or standard input, under a name", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .min_operands = 1, .max_operands = 2,
	.complete = "files", .run = run, .size = sizeof(struct options),
};
