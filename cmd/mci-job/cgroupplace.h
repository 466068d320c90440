/*
 * cgroupplace: where control groups (cgroups(7)) can be made below our own: version 2 where that is
 * delegated to us, else version 1. Each mci-job has a folder there, mci-PID, which it keeps locked: a
 * folder that nobody holds is what a killed one has left.
 */
#ifndef JOB_CGROUPPLACE_H
#define JOB_CGROUPPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "process.h"

#define CGROUP_TREES 3

/* One hierarchy in which we have a folder. */
struct cgroup_tree {
	char *path;
	int lock;          /* on the folder */
	bool unified;      /* version 2 */
	unsigned controls; /* 1 << enum limit: what it can limit */
};

struct cgroups {
	struct cgroup_tree trees[CGROUP_TREES];
	size_t n;          /* 0: there is no place */
};

/* Looks for places, by files as /proc/self/cgroup and /proc/self/mountinfo; removes what killed ones
 * left there, and makes our folders. There is no place for who may open few files: its jobs need them. */
void cgroups_open(struct cgroups *c, const char *own, const char *mounts);
void cgroups_close(struct cgroups *c);
/* Removes what killed ones have left, and kills the processes in there. */
void cgroups_sweep(const char *own, const char *mounts);

/* Of the group whose folder this is: its processes but one. 0 or -1. */
int cgroupplace_processes(int dir, pid_t but, struct process_list *out);
/* KILL to all of it and of what is below, none of which can start another before. */
void cgroupplace_kill(int dir);
/* Removes a group and those below it; what has processes stays. */
void cgroupplace_remove(const char *path);

#endif
