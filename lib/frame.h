/* frame: one request as a client puts it on a link, and on the next one when that is lost: its line,
 * the descriptors that go with it, and the data behind it. */
#ifndef MCI_FRAME_H
#define MCI_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "link.h"

struct frame {
	struct bytes bytes; /* the line and the data */
	size_t line;        /* how long the line is */
	int fds[LINK_FDS], nfds;
};

/* Makes it, of copies of everything. -1 when a link can never take it: free it in any case. */
int frame_make(struct frame *f, int64_t id, const char *method, struct span params, struct span data,
    const int *fds, int nfds, struct error *e);
/* Whether the link takes it, now or when it has drained: one without descriptors any, one with them
 * only where they travel. */
bool frame_fits(const struct frame *f, const struct link *l);
/* 0, or -1 when the link takes nothing. */
int frame_send(const struct frame *f, struct link *l);
void frame_free(struct frame *f);

#endif
