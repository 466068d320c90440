#include "option.h"
#include "process.h"
#include "standard.h"
#include "verbs.h"

static const struct command *const verbs[] = {
	&bucket_put_command,
	&bucket_get_command,
	&bucket_ls_command,
	&bucket_stat_command,
	&bucket_rm_command,
	&bucket_sweep_command,
	&bucket_serve_command,
};

int
main(int argc, char **argv)
{
	standard_begin();
	process_private();
	return option_dispatch(PROGRAM, "keeps objects in a bucket of S3", verbs,
	    sizeof(verbs) / sizeof(verbs[0]), argc, argv);
}
