/* verbs: the table row of each verb. */
#ifndef MCI_LOG_VERBS_H
#define MCI_LOG_VERBS_H

#include "option.h"

extern const struct command mask_command;

#endif
