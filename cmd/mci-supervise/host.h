/* host: what a part and its members are given by who runs them. */
#ifndef MCI_SUPERVISE_HOST_H
#define MCI_SUPERVISE_HOST_H

#include <stddef.h>
#include <sys/types.h>

#include "ends.h"
#include "environment.h"
#include "error.h"
#include "loop.h"
#include "wiring.h"

struct host {
	struct loop *loop;
	const char *dir; /* $DIR */
	struct ends *ends;
	mode_t mask; /* umask(2) and the soft limit of descriptors as they were when we began */
	uint64_t files;
	/* The rest is told from the loop, or inside functions of the rooms that are given the host.
	 */
	void *arg;
	/* The state of a part has changed. */
	void (*changed)(void *arg);
	/* Sets where the services are. */
	void (*environment)(void *arg, struct environment *v);
	/* The writing ends of the lifelines of those that outlive it; how many, at most
	 * WIRING_PARTS. */
	int (*keeps)(void *arg, const struct wiring_part *p, int *fds);
	/* An event, a line as emit_line ends it. */
	void (*post)(void *arg, const struct bytes *line);
	/* Something that whoever watches is to know. */
	void (*tell)(void *arg, const struct error *e);
};

#endif
