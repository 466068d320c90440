#include "strays.h"

static bool
is_leader(const struct site *site, pid_t pid)
{
	for (size_t i = 0; i < site->nattempts; i++) {
		if (site->attempts[i].leader == pid)
			return true;
	}
	return false;
}

void
strays_find(const struct attempt *a, struct process_list *out)
{
	static struct process_list children; /* kept, so that a look costs no allocation */

	children.n = 0;
	process_children(&children);
	for (size_t i = 0; i < children.n; i++) {
		pid_t pid = children.pids[i];

		if (is_leader(a->site, pid))
			continue;
		/* when nothing else runs, a stray needs no token to be known */
		if (a->site->running > 1 && !process_has_env(pid, a->token))
			continue;
		process_list_add(out, pid);
	}
}
