#include "option.h"
#include "serveentry.h"
#include "standard.h"
#include "verbs.h"

static const struct command *const verbs[] = {
	&events_pub_command, &events_sub_command, &events_replay_command, &events_diff_command,
	&events_serve_command, &events_status_command, &events_ls_command, &events_verify_command,
	&events_repair_command,
};

const struct serve_entry events_entry = { &hub_program, &events_serve_command, verbs,
	sizeof(verbs) / sizeof(verbs[0]) };

int
main(int argc, char **argv)
{
	standard_begin();
	return option_finish("mci-events", option_dispatch("mci-events",
	    "The event hub: publishes and subscribes; its log is the queue.", verbs,
	    sizeof(verbs) / sizeof(verbs[0]), argc, argv));
}
