/*
 * cgroup: control groups (cgroups(7)) for the attempts of a worker, where the machine lets us make some
 * below our own: version 2 where it is delegated to us, else version 1. A slot keeps its groups for the
 * next attempt; a process joins by being started with what is in joins. Where there are none all of
 * this does nothing.
 */
#ifndef JOB_CGROUP_H
#define JOB_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroupplace.h"
#include "error.h"
#include "loop.h"
#include "process.h"
#include "speclimits.h"

/* One slot's groups; all zero to begin with. */
struct cgroup {
	const struct cgroups *all;
	size_t slot;
	bool used;
	int dirs[CGROUP_TREES];    /* -1: none */
	int joins[CGROUP_TREES];   /* the descriptors that cgroup_joins gives, njoins of them */
	int njoins;
	int files[CGROUP_TREES];   /* to which tree each belongs */
	struct limits set;         /* as they are in the kernel */
	int64_t base[LIMIT_COUNT]; /* how often each was hit before this attempt */
	int events[LIMIT_COUNT];   /* what tells of a hit; -1 */
	bool killed;               /* and since then no hit counts */
	struct loop *loop;
};

/* Makes groups with these limits for a slot; *applied gets a bit for each limit that holds there. hit
 * is called when one was, with a number of enum limit. 0, or -1: not even a group. */
int cgroup_prepare(struct cgroup *g, const struct cgroups *all, size_t slot, const struct limits *l,
    unsigned *applied, struct loop *loop, void (*hit)(void *arg, uint32_t events), void *arg,
    struct error *e);
/* "cgroup-v1" or "cgroup-v2": what sees to a limit that holds. */
const char *cgroup_name(const struct cgroup *g, enum limit limit);
/* Whether hit is called for this limit; version 1 does not tell of processes. */
bool cgroup_tells(const struct cgroup *g, enum limit limit);
/* Which limit was hit since it was prepared, LIMIT_COUNT for none. */
enum limit cgroup_hit(struct cgroup *g);
/* The processes in it, but one. Appends. False when there is no group. */
bool cgroup_processes(const struct cgroup *g, pid_t but, struct process_list *out);
/* KILL to all that are in it, and none of them can make another before. */
void cgroup_kill(struct cgroup *g);
/* Processes may be started in it again. */
void cgroup_revive(struct cgroup *g);
/* The attempt is over. */
void cgroup_leave(struct cgroup *g);
/* The slot's groups are removed. */
void cgroup_remove(struct cgroup *g);

#endif
