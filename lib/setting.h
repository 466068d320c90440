/*
 * setting: what the environment (MCI_<PROGRAM>_<NAME>, as in MCI_BUILD_JOBS) and the configuration
 * (config.h) say of the options in a program's tables. The key of an option is "build.jobs": the
 * program without "mci-", or mci's verb, and the long name. The verbs of one program share their
 * keys.
 */
#ifndef MCI_SETTING_H
#define MCI_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "command.h"
#include "error.h"

/* All commands of a program: its verbs, or the one that it is. */
struct setting_tables {
	const struct command *const *commands;
	size_t n;
};

/* Gives the option's field in the caller's struct the value that text stands for; a list gets one
 * more. Text is borrowed for good. 0, or -1 when it does not fit. */
int setting_store(const struct option *o, void *into, const char *text, struct error *e);

/*
 * Fills in the options of c that the command line did not give (given is by row of its table). The
 * files are those of the current folder, read once. -1 as well when they hold a key that begins as
 * those of c do and that no table has, or a project's file one that is not for projects.
 */
int setting_fill(const struct command *c, const struct setting_tables *all, const bool *given,
    void *into, struct error *e);

/*
 * Appends a JSON line for each setting in the tables: key, project (whether a project's file may
 * set it), takes (what kind of value), and where it is set value and from; a list has a line for
 * each value. Every line of the files and every variable that is wrong is handed to complain; their
 * number.
 */
size_t setting_list(const struct setting_tables *all, struct bytes *lines,
    void (*complain)(const char *program, const struct error *e));

#endif
