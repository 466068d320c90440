/*
 * view: what processes in a sandbox see, row by row, and how bwrap(1) is told. What is not in a row is not
 * there; a later row covers what an earlier one shows at its place.
 */
#ifndef JOB_VIEW_H
#define JOB_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

enum view_how {
	VIEW_READ,   /* from, to be read */
	VIEW_WRITE,  /* from, with its own rights */
	VIEW_LINK,   /* a symbolic link that holds from */
	VIEW_EMPTY,  /* nothing, over what an earlier row shows */
	VIEW_PROC,   /* a /proc of its own */
	VIEW_DEV,    /* a /dev with what every program needs */
	VIEW_LOCKED, /* what stands there already, not to be written: last */
};

/* Where jobs are another user than we are. */
enum view_right {
	VIEW_OPEN,  /* they reach it by themselves */
	VIEW_REACH, /* it may stand where only we get */
	VIEW_OWN,   /* the same, and what is ours in it is theirs */
};

struct view_row {
	enum view_how how;
	char *from, *at;
	enum view_right right;
};

struct view {
	struct view_row *rows;
	size_t n;
};

/* What is the same for all: the programs of the machine and their settings, /proc, /dev. */
void view_machine(struct view *v);
/* One row more; from NULL for what needs none. */
void view_add(struct view *v, enum view_how how, const char *from, const char *at);
/* The same for what they may not reach. */
void view_hand(struct view *v, enum view_how how, enum view_right right, const char *from, const char *at);
/* Whether a path of this machine is there, and the same there. */
bool view_shows(const struct view *v, const char *path);
/* Appends bwrap's options, each with a NUL behind it. */
void view_options(const struct view *v, struct bytes *into);
/* Appends a line a row for people: "reads /usr", "writes /tmp, which is PATH"... */
void view_tell(const struct view *v, struct bytes *into);
void view_free(struct view *v);

#endif
