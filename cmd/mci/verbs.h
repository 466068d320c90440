/* verbs: the table row of each verb; each stands in a file of its name, but for those of
 * control.c and server.c, and cache, in artifact.c. */
#ifndef MCI_VERBS_H
#define MCI_VERBS_H

#include "option.h"

extern const struct command add_command;
extern const struct command artifact_command;
extern const struct command cache_command;
extern const struct command call_command;
extern const struct command cancel_command;
extern const struct command config_command;
extern const struct command demo_command;
extern const struct command doctor_command;
extern const struct command down_command;
extern const struct command hook_command;
extern const struct command jobs_command;
extern const struct command login_command;
extern const struct command ls_command;
extern const struct command output_command;
extern const struct command param_command;
extern const struct command path_command;
extern const struct command post_command;
extern const struct command reload_command;
extern const struct command rerun_command;
extern const struct command shell_command;
extern const struct command rm_command;
extern const struct command show_command;
extern const struct command spec_command;
extern const struct command status_command;
extern const struct command tree_command;
extern const struct command trigger_command;
extern const struct command unblock_command;
extern const struct command wait_command;
extern const struct command why_command;

/* Words that run another program of the kit; they are verbs in the list that --help shows. */
struct kit {
	struct command command;
	const char *program;
	const char *argument; /* in front of the others, or NULL */
	const char *own;      /* with this word behind it it is mci's own verb; NULL: with none */
	bool builds;          /* with a build or a job of one behind it, too */
};
extern const struct kit kit[];
extern const size_t nkit;

/* All verbs, in the order of --help: those of the kit have no run. */
extern const struct command *const verbs[];
extern const size_t nverbs;

#endif
