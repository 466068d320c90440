#include "option.h"
#include "serveentry.h"
#include "standard.h"
#include "verbs.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct command *const verbs[] = {
	&log_cat_command, &log_follow_command, &log_grep_command, &log_annotate_command, &log_ls_command,
	&log_rm_command, &log_put_command, &log_status_command, &log_serve_command, &log_sweep_command,
	&log_mask_command,
};

const struct serve_entry log_entry = { &log_program, &log_serve_command, verbs, COUNT(verbs) };

int
main(int argc, char **argv)
{
	standard_begin();
	return option_dispatch(PROGRAM, "keeps and shows what the jobs of a build print", verbs,
	    COUNT(verbs), argc, argv);
}
