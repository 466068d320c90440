#include "stop.h"

#include <string.h>
#include <unistd.h>

#include "children.h"
#include "memory.h"
#include "process.h"

/* The job at which the build stopped: the first that failed, else the one that was named. */
static const struct job *
find(const struct graph *graph, const char *named)
{
	const struct job *found = NULL;

	for (uint32_t i = 0; i < graph->n; i++) {
		const struct job *j = &graph->jobs[i];

		if (j->declared && (j->status == STATUS_FAILURE || j->status == STATUS_ERROR))
			return j;
		if (j->declared && status_ended(j->status) && strcmp(j->id, named) == 0)
			found = j;
	}
	return found;
}

void
stop_look(const struct graph *graph, const char *named, const char *build, const struct outcome *outcome)
{
	const struct job *j = find(graph, named);
	AUTO_FREE char *program = process_kit("mci"), *name = NULL;
	const char *argv[] = { "mci", "shell", NULL, NULL };
	struct process_spec p = { .path = program, .argv = (char *const *)(uintptr_t)argv, .in = STDIN_FILENO,
		.out = STDOUT_FILENO, .err = STDERR_FILENO };
	struct child *c;
	struct error e;

	if (j == NULL)
		return;
	argv[2] = name = xformat("%s/%s", build, j->id);
	outcome_note(outcome, "stopped at %s: mci shell %s", j->id, name);
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return;
	c = child_start(NULL, &p, NULL, NULL, &e);
	if (c == NULL)
		outcome_note(outcome, "%s", e.text);
	else
		child_wait(c);
}
