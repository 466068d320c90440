/* bucket: the bucket that one run of the program works on, and how it does. */
#ifndef MCI_BLOB_BUCKET_BUCKET_H
#define MCI_BLOB_BUCKET_BUCKET_H

#include <stdint.h>

#include "exchange.h"
#include "loop.h"
#include "place.h"

/* What each verb takes besides its own. */
struct bucket_options {
	int64_t parallel, stall;
	const char *part;
};

/* Their rows; member is empty, or that of a struct bucket_options and a dot. */
#define BUCKET_OPTIONS(type, member) \
	{ .name = "parallel", .value = "N", .help = "requests under way at once (8)", .kind = OPTION_NUMBER, \
	  .offset = offsetof(type, member parallel), .min = 1, .max = 64 }, \
	{ .name = "part-size", .value = "SIZE", .help = "larger objects are put in parts of it (8M)", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, member part) }, \
	{ .name = "stall", .value = "DURATION", \
	  .help = "a connection without a byte for so long is broken (30s)", .kind = OPTION_DURATION, \
	  .offset = offsetof(type, member stall) }

struct bucket {
	struct place place;
	struct loop *loop;
	struct traffic *traffic;
	int64_t part;
};

/* 0, or -1 with an error. Talks to nobody yet. */
int bucket_open(struct bucket *b, const char *address, const struct bucket_options *o, struct error *e);
void bucket_close(struct bucket *b);

#endif
