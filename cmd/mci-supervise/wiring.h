/*
 * wiring: what is to run and how it hangs together, as mci-wiring(5) says: named pipelines, a line
 * each, and below each, indented, what else is to be known of it.
 */
#ifndef MCI_SUPERVISE_WIRING_H
#define MCI_SUPERVISE_WIRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"

/* Far more than a machine's worth; each holds the lifelines of those that outlive it. */
#define WIRING_PARTS 128
#define WIRING_SIZE ((size_t)1 << 20)

struct wiring_command {
	char **argv; /* NULL behind the last; a word may hold WORDS_READY */
	bool tells;  /* it says when it is ready: one of its words does hold it */
};

/* What the supervisor holds: a socket that listens, or a FIFO. */
struct wiring_end {
	char *address; /* unix:PATH, HOST:PORT or fifo:PATH */
	char *service; /* by which others find it; NULL: by its path alone */
	char *taker;   /* which of several services in its process takes it; NULL: there is one */
	mode_t mode;   /* 0: the usual one */
};

struct wiring_limit {
	int resource; /* of setrlimit(2) */
	uint64_t value;
};

struct wiring_part {
	char *name;
	size_t line;  /* where it begins in its file */
	size_t place; /* which one it is in the wiring, from 0 */
	struct wiring_command *commands;
	size_t ncommands;
	struct wiring_end *ends;
	size_t nends;
	char **after;  /* names of parts that are ready before it starts, and end behind it: all of
			  them, also */
	size_t nafter; /* those that these come after */
	bool once;
	char *user, *dir, *env_file; /* NULL: as the supervisor itself */
	char **env;                  /* NAME=VALUE */
	size_t nenv;
	struct wiring_limit *limits;
	size_t nlimits;
	int64_t grace, pause; /* nanoseconds */
	int64_t retries;
	int drain;         /* the signal after which it ends by itself; 0: none */
	struct bytes text; /* its words: a part with the same is the same */
};

struct wiring {
	struct wiring_part **parts;
	size_t n;
};

/* NULL when there is none of that name. */
struct wiring_part *wiring_find(const struct wiring *w, const char *name);
/* "server" (says when it is ready), "once", else "filter". */
const char *wiring_kind(const struct wiring_part *p);
/* Takes a part out of the wiring, which is the caller's then. */
struct wiring_part *wiring_take(struct wiring *w, size_t place);
void wiring_part_free(struct wiring_part *p);
void wiring_free(struct wiring *w);

#endif
