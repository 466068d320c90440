/* verbs: the table row of each verb. */
#ifndef MCI_LOG_VERBS_H
#define MCI_LOG_VERBS_H

#include "option.h"
#include "serve.h"

#define PROGRAM "mci-log"

extern const struct command log_cat_command;    /* show.c */
extern const struct command log_follow_command; /* show.c */
extern const struct command log_grep_command;
extern const struct command log_annotate_command;
extern const struct command log_ls_command;
extern const struct command log_rm_command;
extern const struct command log_put_command, log_status_command, log_serve_command, log_sweep_command;
extern const struct command log_mask_command;

extern const struct serve_program log_program; /* serve.c */

#endif
