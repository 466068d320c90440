/* events: the lines that tell what happens to an attempt, put into the site's report. */
#ifndef JOB_EVENTS_H
#define JOB_EVENTS_H

#include "site.h"

void event_initializing(struct attempt *a);
void event_start(struct attempt *a);
void event_command_start(struct attempt *a);
void event_command_end(struct attempt *a, int exit);
/* outputs is an empty span when the job made none. */
void event_executed(struct attempt *a, const char *reason, struct span outputs);
void event_note(struct attempt *a, struct span line, bool json);
/* A job that never got a slot. */
void event_dropped(struct report *r, const char *job, int attempt);
/* A bad line on standard input. */
void event_error(struct report *r, uint64_t line, const char *error_name, const char *text);

#endif
