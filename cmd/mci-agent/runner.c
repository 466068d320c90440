#include "runner.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "children.h"
#include "kernel.h"
#include "memory.h"
#include "runners.h"

#define SANDBOX "sandbox"

/* Whether a job can be run there; what it complains of, with mci-job's name in front, is the error. */
static int
try(const char *runner, const char *workdir, struct error *e)
{
	AUTO_FREE char *program = process_kit("mci-job");
	const char *argv[] = { "mci-job", "--no-settings", "-C", workdir, "--timeout", "20s",
		"--runner", runner, "--", "true", NULL };
	struct process_spec p = { .path = program, .argv = (char *const *)(uintptr_t)argv, .in = -1,
	    .out = -1 };
	AUTO_BYTES said = { 0 };
	struct child *child;
	int fds[2];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	p.err = fds[1];
	child = child_start(NULL, &p, NULL, NULL, e);
	close(fds[1]);
	while (child != NULL && (n = kernel.read(fds[0], bytes_reserve(&said, 1024), 1024)) > 0)
		said.len += (size_t)n;
	close(fds[0]);
	if (child == NULL || child_wait(child) == 0)
		return child == NULL ? -1 : 0;
	while (said.len > 0 && said.data[said.len - 1] == '\n')
		said.len--;
	return error_set(e, ERROR_SYSTEM, "%s", said.len > 0 ? bytes_string(&said) : "it does not run a job");
}

int
runner_choose(const char *named, const char *workdir, const char **runner, bool *isolates, struct error *e)
{
	struct error why = { 0 };

	*runner = named;
	*isolates = false;
	if (named != NULL) {
		if (runners_find(named, e) == NULL)
			return -1;
		*isolates = runners_isolates(named);
		return *isolates && try(named, workdir, e) < 0 ? error_before(e, "--runner %s: ", named) : 0;
	}
	if (try(SANDBOX, workdir, &why) == 0) {
		*runner = SANDBOX;
		*isolates = true;
		return 0;
	}
	fprintf(stderr, "mci-agent: jobs are not isolated from this machine, and builds of strangers are not "
	    "claimed: %s\n", why.text);
	return 0;
}
