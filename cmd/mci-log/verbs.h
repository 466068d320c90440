/* verbs: the table rows of verbs that stand in files of their own. */
#ifndef MCI_LOG_VERBS_H
#define MCI_LOG_VERBS_H

#include "command.h"

extern const struct command mask_command;

#endif
