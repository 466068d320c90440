/* verbs: the table row of each verb; each stands in a file of its name. */
#ifndef MCI_VERBS_H
#define MCI_VERBS_H

#include "option.h"

extern const struct command add_command;
extern const struct command call_command;
extern const struct command cancel_command;
extern const struct command config_command;
extern const struct command jobs_command;
extern const struct command ls_command;
extern const struct command output_command;
extern const struct command param_command;
extern const struct command path_command;
extern const struct command post_command;
extern const struct command rm_command;
extern const struct command show_command;
extern const struct command tree_command;
extern const struct command unblock_command;
extern const struct command wait_command;

#endif
