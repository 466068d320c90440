/* control: the supervisor as a server: its control socket, its folders and their locks, its wiring,
 * its end. */
#ifndef MCI_SUPERVISE_CONTROL_H
#define MCI_SUPERVISE_CONTROL_H

#include <stdbool.h>

#include "serve.h"
#include "source.h"

struct control_options {
	struct serve_options serve;
	const char *run;  /* the folder of sockets; NULL: this user's */
	const char *file; /* the wiring; NULL: the default one */
	bool single;      /* the servers of the kit share a process */
	bool demo;        /* a repository with builds to look at */
	bool welcome;     /* say on standard output where all is when it is ready */
};

/* Where the wiring is, and what it is read with. 0 or -1; source_close it in any case. */
int control_source(const struct control_options *o, struct source *s, struct error *e);
/* Runs it; the exit status. What goes wrong is said on standard error. */
int control_run(struct control_options *o);

#endif
