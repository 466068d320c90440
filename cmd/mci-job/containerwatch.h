/*
 * containerwatch: tells by events what becomes of one container of an attempt, its own or that of a service:
 * container/pending, container/start as soon as it runs, container/end.
 */
#ifndef JOB_CONTAINERWATCH_H
#define JOB_CONTAINERWATCH_H

#include "site.h"

struct containerwatch;

/* The command that makes it was started; service is the id of the one that runs there, NULL for the job
 * itself. What is given has to last until the end. NULL: it is no container, and nothing is told. */
struct containerwatch *containerwatch_begin(struct attempt *a, const struct runner_job *place,
    const struct spec *spec, const char *service);
/* Tells that it runs, if it does by now: to be called before what shows that is removed. */
void containerwatch_look(struct containerwatch *w);
/* It is gone, and nothing is watched any more; or nothing was. */
void containerwatch_end(struct containerwatch **w);

#endif
