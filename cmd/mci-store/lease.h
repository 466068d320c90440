/*
 * lease: which runs have a holder now, and until when. How long is known only here: a store that
 * starts gives each of them its whole time again.
 */
#ifndef MCI_STORE_LEASE_H
#define MCI_STORE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

/* How long one lasts. */
#define LEASE_SECONDS 10

struct lease {
	char *build; /* its name */
	int64_t id, run;
	char text[33];
	char *agent;
	int64_t until; /* kernel.now() */
	bool lost;     /* its end is being written: it cannot be renewed */
	struct leases *all;
	struct loop_timer *timer;
	struct lease *next;
};

struct leases {
	struct loop *loop;
	void (*due)(void *arg,
	    struct lease *l); /* its time is over: remove it, or try again (lease_wait) */
	void *arg;
	struct lease *first;
	size_t n;
};

/* One more; of the same build in place of the one before. */
void lease_add(struct leases *all, int64_t id, const char *build, int64_t run, const char *text,
    const char *agent);
/* NULL when the build has none. */
struct lease *lease_find(const struct leases *all, const char *build);
/* Whether this one is it. */
bool lease_is(const struct lease *l, int64_t run, const char *text);
/* It lasts LEASE_SECONDS from now on. */
void lease_renew(struct lease *l);
/* It is due again after so long. */
void lease_wait(struct lease *l, int64_t ns);
/* The lease of the build, when it is of that run. */
void lease_remove(struct leases *all, const char *build, int64_t run);
void leases_free(struct leases *all);

#endif
