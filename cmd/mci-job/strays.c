#include "strays.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "place.h"
#include "services.h"

static bool
is_leader(const struct site *site, pid_t pid)
{
	for (size_t i = 0; i < site->nattempts; i++) {
		const struct child *leader = site->attempts[i].leader;

		if (leader != NULL && child_pid(leader) == pid)
			return true;
	}
	return false;
}

static bool
is_service(const struct site *site, pid_t pid)
{
	for (size_t i = 0; i < site->nattempts; i++) {
		if (services_own(&site->attempts[i], pid))
			return true;
	}
	return false;
}

static bool
in_group(const struct attempt *a, pid_t pid)
{
	return a->leader != NULL && getpgid(pid) == child_pid(a->leader);
}

/* What is in its cgroup needs no token. */
static void
group_find(const struct attempt *a, struct process_list *out)
{
	struct process_list all = { 0 };

	if (cgroup_processes(&a->cgroup, a->leader == NULL ? 0 : child_pid(a->leader), &all)) {
		for (size_t i = 0; i < all.n; i++) {
			if (!process_list_has(&a->site->spared, all.pids[i]))
				process_list_add(out, all.pids[i]);
		}
	}
	process_list_free(&all);
}

void
strays_find(const struct attempt *a, struct process_list *out)
{
	struct process_list *children = &a->site->children;

	group_find(a, out);
	children->n = 0;
	process_children_read(a->site->children_list, children);
	for (size_t i = 0; i < children->n; i++) {
		pid_t pid = children->pids[i];

		if (is_leader(a->site, pid) || is_service(a->site, pid) ||
		    process_list_has(&a->site->spared, pid) || process_list_has(out, pid))
			continue;
		if (place_shares(a->site->scratch, pid))
			continue;
		if (!process_may_kill(pid)) {
			strays_spare(a->site, pid);
			continue;
		}
		/* when nothing else runs, a stray needs no token to be known, nor does one of the group */
		if (a->site->running > 1 && !in_group(a, pid) && !process_has_env(pid, a->token) &&
		    !place_owns(&a->place, pid))
			continue;
		process_list_add(out, pid);
	}
}

bool
strays_signal(struct attempt *a, int signal)
{
	struct process_list strays = { 0 };
	bool any;

	strays_find(a, &strays);
	if (signal == SIGKILL && strays.n > 0)
		cgroup_kill(&a->cgroup);
	any = strays.n > 0;
	for (size_t i = 0; i < strays.n && signal != 0; i++) {
		/* what the runner has there of its own is not the job's, whose processes it has told */
		if (signal == SIGKILL || !place_owns(&a->place, strays.pids[i]))
			process_signal_tree(strays.pids[i], false, signal);
	}
	process_list_free(&strays);
	return any;
}

void
strays_spare(struct site *site, pid_t pid)
{
	process_list_add(&site->spared, pid);
}

void
strays_spare_all(const struct attempt *a)
{
	struct process_list strays = { 0 };

	strays_find(a, &strays);
	for (size_t i = 0; i < strays.n; i++)
		strays_spare(a->site, strays.pids[i]);
	process_list_free(&strays);
}

void
strays_tell(const struct site *site)
{
	struct process_list children = { 0 };

	if (site->spared.n > 0)
		process_children(&children);
	for (size_t i = 0; i < children.n; i++) {
		char name[64];

		if (!process_list_has(&site->spared, children.pids[i]))
			continue;
		process_name(children.pids[i], name);
		fprintf(stderr, "mci-job: process %d (%s) could not be killed and goes on\n",
		    (int)children.pids[i], name);
	}
	process_list_free(&children);
}
