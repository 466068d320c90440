/* verbs: the table row of each verb; each stands in a file of its name. */
#ifndef MCI_EVENTS_VERBS_H
#define MCI_EVENTS_VERBS_H

#include "option.h"
#include "serve.h"

extern const struct command events_diff_command;
extern const struct command events_ls_command;
extern const struct command events_pub_command;
extern const struct command events_repair_command;
extern const struct command events_replay_command;
extern const struct command events_serve_command;
extern const struct command events_status_command;
extern const struct command events_sub_command;
extern const struct command events_verify_command;

extern const struct serve_program hub_program; /* serve.c */

#endif
