#include "lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

static void
due(void *arg)
{
	struct lease *l = arg;

	l->timer = NULL;
	l->all->due(l->all->arg, l);
}

void
lease_wait(struct lease *l, int64_t ns)
{
	loop_cancel(l->all->loop, l->timer);
	l->timer = loop_after(l->all->loop, ns, due, l);
}

void
lease_renew(struct lease *l)
{
	l->until = kernel.now() + LEASE_SECONDS * SECOND;
	lease_wait(l, LEASE_SECONDS * SECOND);
}

struct lease *
lease_find(const struct leases *all, const char *build)
{
	for (struct lease *l = all->first; l != NULL; l = l->next) {
		if (strcmp(l->build, build) == 0)
			return l;
	}
	return NULL;
}

bool
lease_is(const struct lease *l, int64_t run, const char *text)
{
	return l->run == run && strcmp(l->text, text) == 0;
}

static void
take_out(struct lease *l)
{
	struct lease **at = &l->all->first;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->all->n--;
	loop_cancel(l->all->loop, l->timer);
	free(l->build);
	free(l->agent);
	free(l);
}

void
lease_add(struct leases *all, int64_t id, const char *build, int64_t run, const char *text,
    const char *agent)
{
	struct lease *l = lease_find(all, build);

	if (l != NULL)
		take_out(l);
	l = xmalloc(sizeof(*l));
	*l = (struct lease){ .build = xstrdup(build),
		.id = id,
		.run = run,
		.agent = xstrdup(agent),
		.all = all,
		.next = all->first };
	snprintf(l->text, sizeof(l->text), "%s", text);
	all->first = l;
	all->n++;
	lease_renew(l);
}

void
lease_remove(struct leases *all, const char *build, int64_t run)
{
	struct lease *l = lease_find(all, build);

	if (l != NULL && l->run == run)
		take_out(l);
}

void
leases_free(struct leases *all)
{
	while (all->first != NULL)
		take_out(all->first);
}
