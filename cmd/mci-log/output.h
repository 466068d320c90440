/* output: what is written to standard output, and how: raw, with prefixes and times, or NDJSON. */
#ifndef MCI_LOG_OUTPUT_H
#define MCI_LOG_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"
#include "safe.h"
#include "source.h"

struct output {
	bool json;
	bool time;     /* each line begins with its time */
	bool prefix;   /* each line begins with "JOB | " */
	bool terminal; /* escapes are shown, not obeyed */
	bool color;
	bool quiet;    /* no notes */
	bool context;  /* JSON: the line is one around what was looked for */
	struct bytes buffer;
	struct safe safe; /* terminal: what is between two pieces */
};

void output_init(struct output *o, const char *color);
/* The line that source_line found, whole. */
int output_line(struct output *o, struct source *s, struct error *e);
/* Everything of the source from at to `to` or its end, byte for byte, copied by the kernel where it can; on a
 * terminal made safe. Moves at. 0 or -1. */
int output_copy(struct output *o, struct source *s, struct error *e);
/* A line of ours in the place of some of the source's. */
int output_heading(struct output *o, const struct source *s, struct span text, struct error *e);
int output_flush(struct output *o, struct error *e);
/* For who waits for more to write: as soon as nobody reads standard output any more, the program ends as a
 * write would end it (SIGPIPE), also when nothing comes. */
void output_watch(struct loop *loop);
/* Flushes when enough is gathered. */
int output_batch(struct output *o, struct error *e);
/* Ends a colour that was left on. */
void output_reset(struct output *o);
/* Behind the last byte: what was held comes out, colours are reset. */
int output_end(struct output *o, struct error *e);
/* The colour of a job by its place in the build. */
const char *output_color(size_t place);
/* A message on standard error, between the lines. */
void output_note(struct output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_free(struct output *o);

#endif
