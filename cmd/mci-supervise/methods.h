/* methods: the service "supervise": what is asked of the parts. */
#ifndef MCI_SUPERVISE_METHODS_H
#define MCI_SUPERVISE_METHODS_H

#include "service.h"
#include "supervisor.h"

struct methods {
	struct supervisor *supervisor;
	/* The wiring anew, from where it came, or text with that name. 0, or -1 with its first
	 * problem. */
	int (*read)(
	    void *arg, const char *text, const char *name, struct wiring *w, struct error *e);
	/* All is to end. */
	void (*down)(void *arg);
	void *arg;
	struct waiting *waiting; /* requests that are answered when their part has come so far */
};

extern const struct service supervise_service;

/* Answers those whose part has come so far. */
void methods_settle(struct methods *m);
/* The requests are gone. */
void methods_close(struct methods *m);

#endif
