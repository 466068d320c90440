/* verbs: the table row of each verb. */
#ifndef MCI_STORE_VERBS_H
#define MCI_STORE_VERBS_H

#include "option.h"
#include "serve.h"

#define PROGRAM "mci-store"

extern const struct command store_serve_command, store_status_command;

extern const struct serve_program store_program; /* serve.c */

#endif
