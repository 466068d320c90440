#include "option.h"
#include "standard.h"
#include "verbs.h"

static const struct command *const verbs[] = {
	&pub_command, &sub_command, &replay_command, &diff_command, &serve_command, &status_command,
	&ls_command, &verify_command, &repair_command,
};

int
main(int argc, char **argv)
{
	standard_begin();
	return option_finish("mci-events", option_dispatch("mci-events",
	    "The event hub: publishes and subscribes; its log is the queue.", verbs,
	    sizeof(verbs) / sizeof(verbs[0]), argc, argv));
}
