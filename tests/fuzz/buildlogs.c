/* A build's folder in which anything stands: its logs are shown, listed and followed as far as they go. */
#include "buildfolder.h"

#include "cmd/mci-log/verbs.h"

static void
commands(void)
{
	RUN(log_cat_command, BUILD);
	RUN(log_cat_command, "--time", "--sections", BUILD "/a");
	RUN(log_cat_command, "--tail", "3", BUILD "/a@2");
	RUN(log_cat_command, "--lines", "2-4", BUILD "/a");
	RUN(log_cat_command, "--since", "2026-11-23T18:00:00Z", BUILD "/a");
	RUN(log_follow_command, "--json", BUILD);
	RUN(log_ls_command, "--json", BUILD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	with_folder(data, n, commands);
	return 0;
}
