/* window: the pieces of logs that are in memory: 64 KiB each, and few enough that any number of
 * logs takes 1 MiB. A log whose piece was taken for another one reads it again. */
#ifndef MCI_LOG_WINDOW_H
#define MCI_LOG_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define WINDOW_SIZE 65536

struct window {
	struct window **owner; /* where the log keeps it; set to NULL when it is taken */
	int64_t at;            /* offset of its first byte */
	size_t n;
	uint64_t used;         /* larger is later */
	char *bytes;
};

/* Gives *owner a window, empty if it had none, and marks it as the one used last. */
struct window *window_get(struct window **owner);
/* The log is done with it; NULL is allowed. */
void window_release(struct window *w);

#endif
