/*
 * option: command lines from const tables. One table a command is what parsing, --help, --version,
 * completion and the tests of the man pages read. Values come, first hit wins, from the flag, the
 * environment (MCI_<PROGRAM>_<NAME>, as in MCI_BUILD_JOBS), and the configuration (config.h).
 */
#ifndef MCI_OPTION_H
#define MCI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char *, borrowed from argv, the environment or the configuration */
	OPTION_LIST,     /* struct option_list: may be given again */
	OPTION_NUMBER,   /* int64_t between min and max */
	OPTION_DURATION, /* int64_t nanoseconds */
	OPTION_CHOICE,   /* const char *, one of choices ("tree|plain|json|none") */
};

struct option_list {
	const char **items;
	size_t n;
};

struct option {
	char letter;       /* 0: none */
	const char *name;  /* NULL: a letter only */
	const char *value; /* what --help calls its value, NULL for a flag */
	const char *help;  /* one line */
	enum option_kind kind;
	size_t offset;     /* of its field in the caller's struct */
	int64_t min, max;  /* OPTION_NUMBER */
	const char *choices;
};

/* A program without verbs has one command; one with verbs has one for each. */
struct command {
	const char *program;  /* "mci-build" */
	const char *verb;     /* NULL when the program has none */
	const char *operands; /* "[JOB...]" for the usage line, NULL when it takes none */
	const char *summary;  /* one line for --help and the list of verbs */
	const struct option *options;
	size_t noptions;
	size_t min_operands, max_operands; /* max SIZE_MAX: any number */
	const char *complete; /* what operands complete to: "builds", "jobs", "files", NULL nothing */
	bool stop_at_operand; /* options end at the first operand (commands that wrap a command) */
	int (*run)(void *options, int argc, char **argv); /* verbs: called by option_dispatch */
	size_t size;          /* sizeof the options struct that run gets */
};

/* The options that every command has; they are fields of their own. */
struct option_common {
	bool quiet;          /* -q */
	const char *color;   /* --color auto|always|never */
	const char *chdir;   /* -C DIR, already carried out when parsing returns */
};
extern struct option_common option_common;

/*
 * Parses argv[1..] into *into (the caller fills in its defaults first) and moves the operands to
 * argv[0..*argc-1]. "--" ends the options; long names may not be abbreviated. --help and --version
 * print and exit 0. A bad command line prints one line and how to get help on stderr and exits 2:
 * this room is called by main alone, so it may.
 */
void option_parse(const struct command *c, int *argc, char **argv, void *into);

/* For programs with verbs: picks the command by argv[1] ("-C DIR" may stand before it), parses and
 * runs it; its status. Prints the list of verbs for --help, suggests the nearest for a wrong one. */
int option_dispatch(const char *program, const char *summary, const struct command *const *verbs,
    size_t n, int argc, char **argv);

/* Splits "K=V" at its first '='; -1 when there is none or K is empty. */
int option_pair(const char *text, char **key, const char **value, struct error *e);

/* Prints "PROGRAM: text" on stderr. For main. */
void option_complain(const char *program, const struct error *e);
/* Flushes stdout and turns a failed write into an error on stderr: what main returns, status or 125. */
int option_finish(const char *program, int status);

#endif
