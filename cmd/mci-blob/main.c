#include "option.h"
#include "serveentry.h"
#include "standard.h"
#include "verbs.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct command *const verbs[] = {
	&blob_save_command, &blob_restore_command, &blob_put_command, &blob_get_command, &blob_ls_command,
	&blob_stat_command, &blob_rm_command, &blob_gc_command, &blob_verify_command,
	    &blob_serve_command, &blob_status_command,
};

const struct serve_entry blob_entry = { &blob_program, &blob_serve_command, verbs, COUNT(verbs) };

int
main(int argc, char **argv)
{
	standard_begin();
	return option_dispatch(PROGRAM, "keeps files and folders, each content once", verbs,
	    COUNT(verbs), argc,
	    argv);
}
