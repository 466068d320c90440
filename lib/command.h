/* command: the const tables that say what a program takes; see option.h for what is done with them. */
#ifndef MCI_COMMAND_H
#define MCI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char *, borrowed from argv, the environment or the configuration */
	OPTION_LIST,     /* struct option_list: may be given again */
	OPTION_NUMBER,   /* int64_t between min and max */
	OPTION_SIZE,     /* int64_t bytes, as 4096, 64k, 100M; at least min */
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
	int64_t min, max;  /* OPTION_NUMBER; min OPTION_SIZE */
	/* the words that it takes, split by |; or the one kind of thing that its values complete to */
	const char *choices;
	bool project;      /* a project's own .mci/conf may set it: it changes nothing but how the project's
	                    * own jobs run and how that is shown */
	bool adds;         /* a list that nobody takes away from: what the project's file says, what is given
	                    * or in the environment, the user's file and /etc come one behind the other */
};

/* A program without verbs has one command; one with verbs has one for each. */
struct command {
	const char *program;  /* "mci-build" */
	const char *verb;     /* NULL when the program has none; the flag of a mode (option_parse_modes) */
	const char *operands; /* "[JOB...]" for the usage line, NULL when it takes none */
	const char *summary;  /* one line for --help and the list of verbs */
	const char *also;     /* words, split by blanks, by which people look for the verb; may be NULL */
	const struct option *options;
	size_t noptions;
	size_t min_operands, max_operands; /* max SIZE_MAX: any number */
	const char *complete; /* what operands complete to: "builds", "jobs", "files", NULL nothing */
	bool implied;         /* the verb of a command line that names none */
	bool stop_at_operand; /* options end at the first operand (commands that wrap a command) */
	int (*run)(void *options, int argc, char **argv); /* verbs: called by option_dispatch */
	size_t size;          /* sizeof the options struct that run gets */
};

#endif
