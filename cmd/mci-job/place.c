#include "place.h"

#include <signal.h>
#include <stdlib.h>

#include "external.h"
#include "sandbox.h"
#include "podman.h"
#include "ssh.h"

/* In the order of lib's runners. */
static const struct runner table[RUNNERS_N] = {
	[RUNNERS_HOST] = { .name = "host" },
	[RUNNERS_SANDBOX] = { .name = "sandbox", .rooms = true, .check = sandbox_check,
	    .prepare = sandbox_prepare, .signal = sandbox_signal, .ended = sandbox_ended,
	    .explain = sandbox_explain, .over = sandbox_over },
	[RUNNERS_PODMAN] = { .name = "podman", .elsewhere = true, .container = true,
	    .check = podman_check,
	    .prepare = podman_prepare, .owns = podman_owns, .left = podman_left, .signal = podman_signal,
	    .network = podman_network, .first = podman_first, .enter = podman_enter,
	    .ended = podman_ended, .over = podman_over },
	[RUNNERS_SSH] = { .name = "ssh", .elsewhere = true, .remote = true, .check = ssh_check,
	    .prepare = ssh_prepare, .signal = ssh_signal, .owns = ssh_owns, .shares = ssh_shares,
	    .ended = ssh_ended, .over = ssh_over },
	[RUNNERS_EXTERNAL] = { .prepare = external_prepare, .over = external_over },
};

int
place_open(struct runner_job *job, const struct settings *settings, const struct spec *spec,
    struct error *e)
{
	const struct runners_row *row = runners_find(runners_choose(spec, settings->runner), e);

	*job = (struct runner_job){ .settings = settings, .spec = spec };
	if (row == NULL)
		return -1;
	job->runner = &table[row - runners];
	return job->runner->check == NULL ? 0 : job->runner->check(settings, spec, e);
}

int
place_prepare(struct runner_job *job, struct process_spec *p, struct error *e)
{
	return job->runner->prepare == NULL ? 0 : job->runner->prepare(job, p, e);
}

void
place_signal(struct runner_job *job, const struct child *leader, int signal)
{
	if (job->runner->signal == NULL || signal == SIGKILL)
		child_signal_tree(leader, signal);
	else
		job->runner->signal(job, leader, signal);
}

bool
place_is_elsewhere(const struct runner_job *job)
{
	return job->runner != NULL && job->runner->elsewhere;
}

bool
place_is_container(const struct runner_job *job)
{
	return job->runner != NULL && job->runner->container;
}

bool
place_is_remote(const struct runner_job *job)
{
	return job->runner != NULL && job->runner->remote;
}

bool
place_shares(const char *scratch, pid_t pid)
{
	for (size_t i = 0; i < RUNNERS_N; i++) {
		if (table[i].shares != NULL && table[i].shares(scratch, pid))
			return true;
	}
	return false;
}

bool
place_owns(const struct runner_job *job, pid_t pid)
{
	return job->runner != NULL && job->runner->owns != NULL && job->runner->owns(job, pid);
}

const char *
place_left(const struct runner_job *job)
{
	return job->runner != NULL && job->runner->left != NULL ? job->runner->left(job) : NULL;
}

char *
place_network(const struct runner_job *job)
{
	return job->runner->network == NULL ? NULL : job->runner->network(job);
}

pid_t
place_first(const struct runner_job *job)
{
	return job->runner->first == NULL ? 0 : job->runner->first(job);
}

void
place_enter(const struct runner_job *job, struct words *w)
{
	if (job->runner->enter != NULL)
		job->runner->enter(job, w);
}

int
place_ended(struct runner_job *job, int *status, struct error *e)
{
	return job->runner->ended == NULL ? 0 : job->runner->ended(job, status, e);
}

void
place_explain(struct runner_job *job, const struct process_spec *p, struct bytes *into)
{
	if (job->runner->explain != NULL)
		job->runner->explain(job, p, into);
}

void
place_over(struct runner_job *job)
{
	if (job->runner != NULL && job->runner->over != NULL)
		job->runner->over(job);
	free(job->ports);
	*job = (struct runner_job){ 0 };
}
