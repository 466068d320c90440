/* A build's folder in which anything stands: ls, show, tree, path and wait say what they can make of it, and end. */
#include "buildfolder.h"

#include "cmd/mci/verbs.h"

static void
commands(void)
{
	RUN(ls_command, "o/r");
	RUN(ls_command, "--json", "-a");
	RUN(show_command, BUILD);
	RUN(show_command, "--json", BUILD);
	RUN(show_command, "-f", BUILD "/a");
	RUN(tree_command, BUILD);
	RUN(tree_command, "--color", "always", BUILD);
	RUN(path_command, BUILD "/a");
	RUN(wait_command, BUILD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	with_folder(data, n, commands);
	return 0;
}
