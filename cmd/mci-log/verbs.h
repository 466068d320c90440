/* verbs: the table row of each verb. */
#ifndef MCI_LOG_VERBS_H
#define MCI_LOG_VERBS_H

#include "option.h"

#define PROGRAM "mci-log"

extern const struct command cat_command;    /* show.c */
extern const struct command follow_command; /* show.c */
extern const struct command grep_command;
extern const struct command annotate_command;
extern const struct command ls_command;
extern const struct command rm_command;
extern const struct command put_command, status_command, serve_command, sweep_command;
extern const struct command mask_command;

#endif
