/*
 * option: command lines from const tables. One table a command is what parsing, --help, --version,
 * completion and the tests of the man pages read. What no flag gives comes from the environment and the
 * configuration (setting.h).
 */
#ifndef MCI_OPTION_H
#define MCI_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "error.h"

/* The options that every command has; they are fields of their own. */
struct option_common {
	bool quiet;          /* -q */
	const char *color;   /* --color auto|always|never */
	const char *chdir;   /* -C DIR, already carried out when parsing returns */
	int before_dashes;   /* how many operands stand before "--"; -1 when there is none */
};
extern struct option_common option_common;

/*
 * Parses argv[1..] into *into (the caller fills in its defaults first) and moves the operands to
 * argv[0..*argc-1]. "--" ends the options; long names may not be abbreviated. --help and --version
 * print and exit 0. A bad command line prints one line and how to get help on stderr and exits 2:
 * this room is called by main alone, so it may.
 */
void option_parse(const struct command *c, int *argc, char **argv, void *into);
/* The same for a program that can do other work than modes[0], with options of its own: the verb of such a
 * mode is the flag that asks for it ("--lint"), which its table has as well. */
void option_parse_modes(const struct command *const *modes, size_t n, int *argc, char **argv,
    void *into);

/* The same for a command of all those of a program, of which the configuration may set any. */
void option_parse_of(const struct command *c, const struct command *const *all, size_t n, int *argc,
    char **argv, void *into);

/* For programs with verbs: picks the command by argv[1] ("-C DIR" may stand before it), parses
 * and runs it; its status. Prints the list of verbs for --help, suggests the nearest for a wrong
 * one. */
int option_dispatch(const char *program, const char *summary, const struct command *const *verbs,
    size_t n, int argc, char **argv);

/* The place of the verb in argv, behind -C DIR and --color WHEN; 0 when there is none. */
int option_verb_at(int argc, char **argv);
/* Turns "help VERB" into "VERB --help", "help" alone into "--help" and "version" into "--version", in
 * place. Part of option_dispatch; for a program that looks at its verb before. */
void option_help_words(int argc, char **argv);

/* Splits "K=V" at its first '='; -1 when there is none or K is empty. */
int option_pair(const char *text, char **key, const char **value, struct error *e);

/* Prints "PROGRAM: text" on stderr. For main. */
void option_complain(const char *program, const struct error *e);
/* The same, and the status to end with. */
int option_fail(const char *program, const struct error *e);
/* Flushes stdout and turns a failed write into an error on stderr; status, or 125: for main. Ends by a signal
 * that was caught (process_caught). */
int option_finish(const char *program, int status);

#endif
