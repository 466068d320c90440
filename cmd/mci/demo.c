/* What mci up --demo has: a repository with builds to look at. The script makes it. */
#include <stdint.h>

#include "place.h"
#include "process.h"
#include "verbs.h"

__asm__(".pushsection .rodata\n"
	"demo_script:\n"
	".incbin \"cmd/mci/demo.sh\"\n"
	".byte 0\n"
	".popsection\n");
extern const char demo_script[];

static int
run(void *arg, int argc, char **argv)
{
	char *const words[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)demo_script,
		(char[]){ "mci-demo" }, argv[0], NULL };
	struct error e;

	(void)arg;
	(void)argc;
	process_become("sh", words);
	error_sys(&e, "sh");
	return place_complain(&e);
}

const struct command demo_command = {
	.program = "mci",
	.verb = "demo",
	.operands = "DIR",
	.summary = "put a repository with some builds into a server, from a new folder",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
