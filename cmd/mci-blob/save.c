#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "folder.h"
#include "memory.h"
#include "option.h"
#include "process.h"
#include "saving.h"
#include "verbs.h"

struct options {
	const char *blob, *scope, *build, *below;
	struct option_list exclude;
	int64_t run, mask;
	bool json, all;
};

static const struct option options[] = {
	{ .name = "below", .value = "DIR",
	  .help = "of this folder, which is reached through no link",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, below) },
	{ .name = "exclude", .value = "GLOB",
	    .help = "leave out what fits it, with all below (may be given again)",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, exclude) },
	{ .name = "build", .value = "BUILD", .help = "which writes it", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, build) },
	{ .name = "run", .value = "N", .help = "of that build: an older one is refused",
	    .kind = OPTION_NUMBER,
	  .offset = offsetof(struct options, run), .min = 1, .max = INT32_MAX },
	{ .name = "read-all", .help = "also files whose times say that they are as they were",
	    .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, all) },
	{ .name = "mask-fd", .value = "N",
	    .help = "refuse names of files with a secret in them; these are read there",
	    .kind = OPTION_NUMBER, .offset = offsetof(struct options, mask), .min = 3, .max = 1023 },
	{ .name = "json", .help = "print what was saved, as a JSON object", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	VERBS_STORE(struct options),
};

static void
print(const struct record *r, int64_t stored)
{
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	record_members(&line, r);
	emit_integer(&line, "stored", stored);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct saving s = { .paths = (const char *const *)argv + 1, .npaths = (size_t)argc - 1,
		.excludes = o->exclude.items, .nexcludes = o->exclude.n, .quiet = option_common.quiet,
		.read_all = o->all };
	struct record r = { .name = argv[0], .build = (char *)(uintptr_t)o->build, .run = o->run };
	struct store *store = NULL;
	struct error e;
	int result = -1, tries = 0;

	if (o->mask > 0) {
		process_private();
		s.mask = mask_new();
		if (mask_take(s.mask, (int)o->mask, &e) < 0)
			return option_fail(PROGRAM, &e);
	}
	if (record_check_name(r.name, &e) == 0 && store_scope(o->scope, &r.stranger, &e) == 0 &&
	    (o->below == NULL || folder_go_below(o->below, false, &e) == 0)) {
		do {
			store_close(store);
			store = store_open(o->blob, r.stranger, true, &e);
			result = store == NULL ? -1 : saving_run(&s, store, &r, &e);
		} while (result < 0 && store_again(store, &e, &tries));
	}
	store_close(store);
	mask_free(s.mask);
	if (result < 0)
		return option_fail(PROGRAM, &e);
	if (o->json)
		print(&r, s.stored);
	return option_finish(PROGRAM, 0);
}

const struct command blob_save_command = {
	.program = PROGRAM, .verb = "save", .operands = "NAME PATH...",
	.summary = "store files and folders under a name", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .min_operands = 2, .max_operands = SIZE_MAX,
	.complete = "files", .run = run, .size = sizeof(struct options),
};
