/* output: what is written to standard output, and how: raw, with prefixes and times, or NDJSON. */
#ifndef MCI_LOG_OUTPUT_H
#define MCI_LOG_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "source.h"

struct output {
	bool json;
	bool time;     /* each line begins with its time */
	bool prefix;   /* each line begins with "JOB | " */
	bool terminal; /* escapes are shown, not obeyed */
	bool color;
	bool quiet;    /* no notes */
	struct bytes buffer;
	bool colored;  /* a colour may be left on */
	struct bytes held; /* terminal: the start of a sequence whose end has not come yet */
};

void output_init(struct output *o, const char *color);
/* The line that source_line found, whole. */
int output_line(struct output *o, struct source *s, struct error *e);
/* Everything of the source from at to `to` or its end, byte for byte (on a terminal made safe); moves
 * at. */
int output_raw(struct output *o, struct source *s, struct error *e);
int output_flush(struct output *o, struct error *e);
/* Behind the last byte: what was held comes out, colours are reset. */
int output_end(struct output *o, struct error *e);
/* A message on standard error, between the lines. */
void output_note(struct output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_free(struct output *o);

#endif
