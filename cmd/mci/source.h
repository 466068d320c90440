/* source: where event lines come from: a descriptor until its end, or a build's log, here or at
 * a server, which is followed until the build has ended, however it did. */
#ifndef MCI_SOURCE_H
#define MCI_SOURCE_H

#include <stdbool.h>

#include "buildstream.h"
#include "line.h"
#include "loop.h"
#include "state.h"
#include "watcher.h"

struct source {
	struct loop *loop;
	int fd;
	struct line_reader reader;
	/* A line; true when it was the last one that matters. */
	bool (*line)(void *arg, struct span line);
	/* No more will come. why is NULL for a plain end. Called once, from the loop. */
	void (*done)(void *arg, const struct error *why);
	void *arg;
	const struct state_build *build; /* when it is a build's log: borrowed */
	struct watcher *watcher;         /* while that grows, else NULL */
	struct buildstream *remote;      /* when that is a server's */
	struct loop_timer *look;
	bool ended;
};

/* Reads fd, which it takes over, until its end. line, done and arg are filled in by the caller. */
int source_open(struct source *s, struct loop *loop, int fd, struct error *e);
/* Follows the build's log; line says when the build has ended. */
int source_follow(struct source *s, struct loop *loop, const struct state_build *b, struct error *e);
void source_free(struct source *s);

#endif
