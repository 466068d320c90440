/* help: the texts that come from a command's table: --help and the rows of --list-options. */
#ifndef MCI_HELP_H
#define MCI_HELP_H

#include "bytes.h"
#include "command.h"

/* A command and the options that every command has. Options without help text are not shown, nor
 * are common ones whose letter or name the command uses itself. */
struct help {
	const struct command *command;
	const struct option *common;
	size_t ncommon;
};

/* "mci-build", "mci ls". The caller frees. */
char *help_name(const struct command *c);
/* Usage, summary, options. */
void help_command(struct bytes *b, const struct help *h);
/* The same for a program with verbs: usage, summary, verbs, common options. */
void help_verbs(struct bytes *b, const struct help *h, const struct command *const *verbs,
    size_t n);
/*
 * The table as rows of seven columns split by tabs: command, letter, name, value, kind, choices, help.
 * The first row of a command has the kind "operands", what they complete to as choices, its summary.
 */
void help_rows(struct bytes *b, const struct help *h);

#endif
