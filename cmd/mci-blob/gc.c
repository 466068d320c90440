#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "option.h"
#include "store.h"
#include "sweeping.h"
#include "verbs.h"

struct options {
	const char *blob, *events;
	int64_t age, quota, wait;
	bool dry, json;
	struct bytes told; /* event lines */
};

static const struct option options[] = {
	{ .name = "blob", .value = "ADDRESS", .help = "the store: file:DIR, s3://BUCKET/PREFIX",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, blob) },
	{ .name = "events", .value = "ADDRESS", .help = "the hub that events are posted to",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, events) },
	{ .name = "age", .value = "DURATION", .help = "also remove names that were not found for so long",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, age) },
	{ .name = "quota", .value = "SIZE",
	  .help = "keep so many bytes of files a repository and scope: what was used last",
	  .kind = OPTION_SIZE, .offset = offsetof(struct options, quota) },
	{ .name = "wait", .value = "DURATION", .help = "for saves and restores that go on; 10s",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, wait) },
	{ .letter = 'n', .name = "dry-run", .help = "only say what would go", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, dry) },
	{ .name = "json", .help = "JSON objects: each name that goes, and what was done", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

static void
removed(void *arg, const char *name, bool stranger, const char *reason)
{
	struct options *o = arg;
	AUTO_BYTES line = { 0 };

	if (o->events != NULL && !o->dry) {
		emit_event(&o->told, "blob/removed");
		emit_text(&o->told, "name", name);
		emit_text(&o->told, "reason", reason);
		emit_text(&o->told, "scope", stranger ? "stranger" : "trusted");
		emit_line(&o->told);
	}
	if (!o->json) {
		if (o->dry)
			printf("%s would be removed: %s\n", name, reason);
		return;
	}
	emit_open(&line);
	emit_text(&line, "name", name);
	emit_text(&line, "scope", stranger ? "stranger" : "trusted");
	emit_text(&line, "reason", reason);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static void
print(const struct options *o, const struct sweeping *s)
{
	AUTO_BYTES line = { 0 };

	if (!o->json) {
		if (o->dry)
			printf("%lld packs with %lld bytes would be removed\n", (long long)s->packs,
			    (long long)s->bytes);
		else if (s->waiting > 0)
			fprintf(stderr, "mci-blob: %lld packs may still be needed by saves that go on: "
			    "the next gc takes them\n", (long long)s->waiting);
		return;
	}
	emit_open(&line);
	emit_integer(&line, "names", s->names);
	emit_integer(&line, "packs", s->packs);
	emit_integer(&line, "bytes", s->bytes);
	emit_integer(&line, "waiting", s->dry ? 0 : s->waiting);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct sweeping s = { .dry = o->dry, .age = o->age, .quota = o->quota,
		.wait = o->wait > 0 ? o->wait : 10 * SECOND,
		.removed = removed, .arg = o };
	AUTO_FREE char *address = NULL;
	struct error e;

	(void)argc;
	(void)argv;
	if ((address = store_address(o->blob, &e)) == NULL || sweeping_run(&s, address, &e) < 0)
		return option_fail(PROGRAM, &e);
	print(o, &s);
	/* what is gone is gone, whoever hears of it */
	if (o->told.len > 0 && call_post(o->events, (struct span){ o->told.data, o->told.len }, &e) < 0)
		option_complain(PROGRAM, &e);
	bytes_free(&o->told);
	return option_finish(PROGRAM, 0);
}

const struct command blob_gc_command = {
	.program = PROGRAM, .verb = "gc", .summary = "remove what no name stands on", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .run = run, .size = sizeof(struct options),
};
