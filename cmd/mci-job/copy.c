#include "copy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "memory.h"

void
copy_name(struct attempt *a)
{
	const char *from = a->spec.workspace;

	if (from != NULL && a->copy == NULL)
		a->copy = xformat("%.*s/%s@%d", (int)(strrchr(from, '/') - from), from, a->spec.id,
		    a->spec.attempt);
}

int
copy_start(struct attempt *a, child_ended *ended, struct error *e)
{
	const char *argv[] = { "cp", "-a", "-T", "--reflink=auto", "--", a->spec.workspace, a->copy, NULL };
	struct process_spec p = { .path = "cp", .argv = (char *const *)(uintptr_t)argv,
		.in = a->site->null, .out = a->ends[1], .err = a->ends[1], .group = true };

	if (a->terminal[0] != '\0')
		p.out = p.err = a->site->null;
	a->leader = child_start(a->site->loop, &p, ended, a, e);
	return a->leader == NULL ? error_before(e, "workspace: ") : 0;
}

int
copy_ended(int status, struct error *e)
{
	return status == 0 ? 0 : error_set(e, ERROR_SYSTEM, "workspace: what is built could not be copied");
}

/* Its owner is gone by then. */
static void
removed(void *arg, int status, const struct rusage *usage)
{
	struct child **child = arg;

	(void)status;
	(void)usage;
	child_free(*child);
	free(child);
}

void
copy_discard(struct site *site, char **path)
{
	char *argv[] = { (char *)(uintptr_t)"rm", (char *)(uintptr_t)"-rf", (char *)(uintptr_t)"--", *path,
		NULL };
	struct process_spec p = { .path = "rm", .argv = argv, .in = site->null, .out = site->null,
		.err = site->null, .group = true };
	struct child **child;

	child = xmalloc(sizeof(struct child *));
	*child = child_start(site->loop, &p, removed, child, NULL);
	if (*child == NULL)
		free(child);
	free(*path);
	*path = NULL;
}

void
copy_remove(struct attempt *a)
{
	if (a->copy != NULL && !a->spec.staged)
		copy_discard(a->site, &a->copy);
	free(a->copy);
	a->copy = NULL;
}
