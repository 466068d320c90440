/* sweep: puts finished logs away: compressed, moved to the archive, removed when they are too old or many;
 * for a server from time to time, by a process of its own. */
#ifndef MCI_LOG_SWEEP_H
#define MCI_LOG_SWEEP_H

#include <stdint.h>

#include "command.h"
#include "loop.h"
#include "news.h"

struct sweep_rules {
	const char *archive;    /* "file:DIR", or NULL */
	int64_t compress_after; /* nanoseconds since the log's end, 0 never */
	int64_t keep_age;       /* of a build's newest log, 0 no bound */
	int64_t keep_count;     /* builds of a repo, 0 no bound */
	int64_t keep_size;      /* bytes of a repo's builds, 0 no bound */
};

#define SWEEP_OPTIONS(type, rules) \
	{ .name = "archive", .value = "file:DIR", .help = "move finished logs there", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, rules.archive) }, \
	{ .name = "compress-after", .value = "DURATION", .help = "compress logs that ended so long ago", \
	  .kind = OPTION_DURATION, .offset = offsetof(type, rules.compress_after) }, \
	{ .name = "keep-age", .value = "DURATION", .help = "remove builds whose logs are older", \
	  .kind = OPTION_DURATION, .offset = offsetof(type, rules.keep_age) }, \
	{ .name = "keep-count", .value = "N", .help = "keep the logs of the last N builds of a repo", \
	  .kind = OPTION_NUMBER, .offset = offsetof(type, rules.keep_count), .min = 1, .max = INT64_MAX }, \
	{ .name = "keep-size", .value = "BYTES", .help = "keep the newest builds of a repo up to this size", \
	  .kind = OPTION_NUMBER, .offset = offsetof(type, rules.keep_size), .min = 1, .max = INT64_MAX }

struct sweeper;

/* Runs mci-log sweep again and again, one at a time. dir is its folder; what was removed is posted to news.
 * NULL when the rules want nothing done. */
struct sweeper *sweeper_new(struct loop *loop, const char *dir, const struct sweep_rules *r,
    struct news *news);
/* A sweep that is under way is ended. NULL is allowed. */
void sweeper_free(struct sweeper *s);

#endif
