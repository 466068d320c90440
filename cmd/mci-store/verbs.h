/* verbs: the table row of each verb. */
#ifndef MCI_STORE_VERBS_H
#define MCI_STORE_VERBS_H

#include "option.h"
#include "serve.h"

#define PROGRAM "mci-store"

extern const struct command store_serve_command, store_status_command;
extern const struct command store_get_command, store_ls_command, store_put_command,
    store_rm_command; /* rows.c */
extern const struct command store_create_command;
extern const struct command store_backup_command, store_restore_command; /* copies.c */
extern const struct command store_check_command;                         /* copies.c */
extern const struct command store_rotate_command, store_rebuild_command; /* upkeep.c */
#define STORE_NOUNS 6
extern const struct command store_nouns[STORE_NOUNS]; /* nouns.c */

extern const struct serve_program store_program; /* serve.c */

#endif
