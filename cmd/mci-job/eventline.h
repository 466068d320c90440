/* eventline: what the events of an attempt begin with, and what several of them say. */
#ifndef JOB_EVENTLINE_H
#define JOB_EVENTLINE_H

#include "bytes.h"
#include "site.h"

/* Begins an event of this attempt, to be ended by lib's emit_line. NULL: nobody wants events. */
struct bytes *eventline_open(struct attempt *a, const char *type);
/* The same of an attempt that never was. */
struct bytes *eventline_open_of(struct report *r, const char *type, const char *job, int attempt);
/* Where others reach what it exposes; nothing when that is nothing. */
void eventline_ports(struct bytes *b, const struct spec *spec, const struct runner_job *place);

#endif
