/*
 * supervisor: all parts of the wiring that runs: which is started when, and which ends when; what a
 * new wiring changes.
 */
#ifndef MCI_SUPERVISE_SUPERVISOR_H
#define MCI_SUPERVISE_SUPERVISOR_H

#include <stdbool.h>

#include "bytes.h"
#include "ends.h"
#include "host.h"
#include "news.h"
#include "part.h"
#include "wiring.h"

struct supervisor {
	struct host host;
	struct ends ends;
	struct part **parts;
	size_t n;
	struct news *news; /* NULL: there is no hub in the wiring */
	char *hub;         /* its address */
	char *control;     /* our own */
	bool stopping;
	struct loop_timer *settling, *farewell;
	/* The owner's; called from the loop. */
	void (*settled)(void *arg); /* after each change of a part */
	void (*stopped)(void *arg); /* behind supervisor_stop */
	void (*tell)(void *arg, const struct error *e);
	void *arg;
};

/* What a wiring would change, or has: names of parts. */
struct changes {
	struct bytes start, stop, restart, drain; /* JSON arrays */
};

/* dir is $DIR, control the address of our own service; both are borrowed. */
void supervisor_open(struct supervisor *s, struct loop *loop, const char *dir, const char *control);
/* What it would be, in c. */
void supervisor_compare(const struct supervisor *s, const struct wiring *w, struct changes *c);
void changes_free(struct changes *c);
/* Goes over to the wiring, of which it takes the parts. 0, or -1 and nothing has changed. */
int supervisor_apply(struct supervisor *s, struct wiring *w, struct error *e);
struct part *supervisor_find(const struct supervisor *s, const char *name);
/* One part, by whom it is asked for; those that come after it go on. */
void supervisor_start_part(struct supervisor *s, struct part *p);
void supervisor_stop_part(struct supervisor *s, struct part *p);
void supervisor_restart_part(struct supervisor *s, struct part *p);
/* Whether all parts are ready. */
bool supervisor_is_ready(const struct supervisor *s);
/* Whether none runs. */
bool supervisor_is_down(const struct supervisor *s);
/* Ends all, in their order; called again: at once. */
void supervisor_stop(struct supervisor *s);
/* Nothing is left afterwards. */
void supervisor_close(struct supervisor *s);

#endif
