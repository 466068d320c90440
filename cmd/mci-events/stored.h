/* stored: events that are kept in files: one file, standard input, a hub's folder (its segments
 * in order, each judged before it is read), or a build by its name, here or at this user's server. */
#ifndef MCI_EVENTS_STORED_H
#define MCI_EVENTS_STORED_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"
#include "inspect.h"
#include "line.h"

struct stored {
	char **paths;  /* "-" is standard input */
	size_t n, at;  /* at: the one that is being read */
	int fd;        /* -1: none is open */
	bool remote;   /* paths has the name of a server's build */
	struct line_reader reader;
	/* Of a hub's folder: */
	int dir;                      /* -1: it is none */
	uint64_t *firsts;             /* of its segments, in the order of paths */
	struct inspection inspection;
	int64_t left;                 /* bytes of the open one that are good */
	struct error why;             /* what is wrong behind them */
};

/* What text stands for: "-", a file or folder that is there, else a build as in mci(1). Opens
 * nothing yet. 0 or -1. */
int stored_find(struct stored *s, const char *text, struct error *e);
/* The next line without its newline: 1, or 0 at the end. -1 with an error: a file cannot be
 * read, a line is too long, the last one of a file has no newline, or the hub's log is damaged. What
 * a crash of the hub left torn is told on standard error and passed over. Borrowed until the next
 * call. */
int stored_line(struct stored *s, struct span *line, struct error *e);
/* The same with as many whole lines as there are, newlines included. */
int stored_lines(struct stored *s, struct span *lines, struct error *e);
/* The name of the file that is being read. */
const char *stored_name(const struct stored *s);
void stored_free(struct stored *s);

#endif
