/* verbs: the table row of each verb; each stands in a file of its name. */
#ifndef MCI_EVENTS_VERBS_H
#define MCI_EVENTS_VERBS_H

#include "option.h"

extern const struct command diff_command;
extern const struct command ls_command;
extern const struct command pub_command;
extern const struct command repair_command;
extern const struct command replay_command;
extern const struct command serve_command;
extern const struct command status_command;
extern const struct command sub_command;
extern const struct command verify_command;

#endif
