/*
 * command: what is executed for a spec: a program as it is, a shell with the text of the entries, or
 * another shell, or what the first line names (#!), with the script as a file.
 */
#ifndef JOB_COMMAND_H
#define JOB_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "environment.h"
#include "error.h"
#include "spec.h"

struct command {
	const char *path;     /* the program; a name without slash is searched in the job's PATH */
	char **argv;
	bool simple;          /* the entry is run without the shell that would have run it */
	bool tells;           /* the shell tells on MCI_NOTES which entry it begins */
	const char *why;      /* in a few words, for --explain: "one simple command"... */
	/* what the above point to */
	char **words, *text, *found, *file;
	const char *list[8];
};

/* The entries that one process runs. */
struct command_part {
	const struct spec_entry *entries; /* the spec's; NULL: its argv */
	size_t n;
};

/* Those from the entry of that index on, of the script or of what is run behind it. */
struct command_part command_part(const struct spec *s, bool finally, size_t from);

/*
 * Decides how a part of the spec is executed. file is a path that may be used for a script; NULL: only to be
 * told, no file is made. v is where programs are found, NULL where they are not this machine's. Without path
 * what it is to run is said by the image. 0, or -1 with an error.
 */
int command_prepare(struct command *c, const struct spec *s, struct command_part part,
    const struct environment *v, const char *file, struct error *e);
/* The same with a shell, after a simple command could not be started: its message and status count. */
int command_prepare_shell(struct command *c, const struct spec *s, struct command_part part,
    const char *file, struct error *e);
/* Frees what it holds and removes the script's file. */
void command_free(struct command *c);

#endif
