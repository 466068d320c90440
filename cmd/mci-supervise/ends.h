/*
 * ends: what the supervisor holds for its parts, over their restarts and its reloads: sockets in
 * which connections wait, and FIFOs in which bytes do.
 */
#ifndef MCI_SUPERVISE_ENDS_H
#define MCI_SUPERVISE_ENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "wiring.h"

struct ends {
	struct held_end {
		char *address;
		struct listener *listener;
		mode_t mode;
	} * items;
	size_t n;
};

/* Opens it; of one that is held the mode is changed. 0 or -1. */
int ends_hold(struct ends *h, const struct wiring_end *end, struct error *e);
/* The descriptor of a socket; -1 for a FIFO, which who reads it opens, and for what is not held. */
int ends_socket(const struct ends *h, const char *address);
/* Closes all that wanted(arg, address) says no to; NULL: all. */
void ends_keep(struct ends *h, bool (*wanted)(void *arg, const char *address), void *arg);

#endif
