/* output: what is written to standard output, and how: raw, with prefixes and times, or NDJSON. */
#ifndef MCI_LOG_OUTPUT_H
#define MCI_LOG_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "fold.h"
#include "loop.h"
#include "message.h"
#include "source.h"

struct output {
	bool json;
	bool time;     /* each line begins with its time */
	bool prefix;   /* each line begins with "JOB | " */
	bool terminal; /* which gets what is safe to show (standard.h) */
	bool color;
	bool quiet;    /* no notes */
	bool context;  /* JSON: the line is one around what was looked for */
	struct bytes buffer;
	bool colored;  /* what was shown may have left a colour on */
};

void output_init(struct output *o, const char *color);
/* The line that source_line found, whole. */
int output_line(struct output *o, struct source *s, struct error *e);
/* A piece of what jobs print. */
void output_text(struct output *o, struct span text);
/* Everything of the source from at to `to` or its end, byte for byte, copied by the kernel where it can.
 * Moves at. 0 or -1. */
int output_copy(struct output *o, struct source *s, struct error *e);
/* A line of ours in the place of some of the source's. */
int output_heading(struct output *o, const struct source *s, struct span text, struct error *e);
int output_flush(struct output *o, struct error *e);
/* For who waits for more to write: as soon as nobody reads standard output any more, the program ends as a
 * write would end it (SIGPIPE), also when nothing comes. */
void output_watch(struct loop *loop);
/* Flushes when enough is gathered. */
int output_batch(struct output *o, struct error *e);
/* Behind the last byte: what was held comes out, colours are reset. */
int output_end(struct output *o, struct error *e);
/*
 * Lines of ours between those of logs. What an event of a job says to people, now that the fold has it;
 * nothing for most types: "JOB: start", "JOB: failure: exit 2 in 0.3s". And the end of a build:
 * "local/zlib/7: failure: 2 ok, 1 failed in 4.0s". 0 or -1.
 */
int output_job(struct output *o, const struct fold *f, const struct fold_job *j, const struct message *m,
    struct error *e);
int output_build(struct output *o, const struct fold *f, struct error *e);
/* A message on standard error, between the lines. */
void output_note(struct output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_free(struct output *o);

#endif
