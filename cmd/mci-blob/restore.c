#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "folder.h"
#include "option.h"
#include "restoring.h"
#include "verbs.h"

struct options {
	const char *blob, *scope, *below;
	int64_t files, size;
	bool json;
};

static const struct option options[] = {
	{ .name = "below", .value = "DIR",
	  .help = "in this folder, which is made, and reached through no link",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, below) },
	{ .name = "max-files", .value = "N", .help = "refuse a tree of more", .kind = OPTION_NUMBER,
	  .offset = offsetof(struct options, files), .min = 1, .max = INT64_MAX },
	{ .name = "max-size", .value = "SIZE", .help = "refuse a tree whose files have more bytes together",
	  .kind = OPTION_SIZE, .offset = offsetof(struct options, size) },
	{ .name = "json", .help = "print what was found, as a JSON object", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	VERBS_STORE(struct options),
};

static void
print(const struct record *r, bool hit, int64_t written)
{
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	record_members(&line, r);
	emit_bool(&line, "hit", hit);
	emit_integer(&line, "written", written);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static int
restore(struct options *o, struct restoring *s, struct store *store, int argc, char **argv, struct record *r,
    bool *hit, struct error *e)
{
	record_free(r);
	if (store->type->find(store, (const char *const *)argv, (size_t)argc, r, hit, e) < 0)
		return -1;
	if (o->below != NULL && folder_go_below(o->below, true, e) < 0)
		return -1;
	o->below = NULL; /* we are there */
	return restoring_run(s, store, r, e);
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct restoring s = { .most_files = o->files, .most_bytes = o->size, .quiet = option_common.quiet };
	struct record r = { 0 };
	struct store *store = NULL;
	struct error e;
	bool stranger, hit = false;
	int result = -1, tries = 0;

	if (store_scope(o->scope, &stranger, &e) == 0) {
		do {
			store_close(store);
			store = store_open(o->blob, stranger, false, &e);
			result = store == NULL ? -1 : restore(o, &s, store, argc, argv, &r, &hit, &e);
		} while (result < 0 && store_again(store, &e, &tries));
	}
	store_close(store);
	if (result == 0 && o->json)
		print(&r, hit, s.written);
	record_free(&r);
	return result < 0 ? option_fail(PROGRAM, &e) : option_finish(PROGRAM, 0);
}

const struct command blob_restore_command = {
	.program = PROGRAM, .verb = "restore", .operands = "NAME [PREFIX...]",
	.summary = "put what stands under a name here, or the newest under a prefix", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .min_operands = 1, .max_operands = SIZE_MAX,
	.run = run, .size = sizeof(struct options),
};
