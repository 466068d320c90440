/*
 * owner: who jobs in a sandbox are when mci-job is root: never root, for its files are everywhere. Where
 * the folder that they work in is root's own, its mount is told that root's files there are theirs
 * (mount_setattr(2), MOUNT_ATTR_IDMAP): what they make is root's on the disk.
 */
#ifndef JOB_OWNER_H
#define JOB_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct owner {
	uid_t uid;
	gid_t gid;
};

/* The owner of the folder; when that is root, the user mci-job, else nobody. 0 or -1. */
int owner_find(struct owner *o, const char *folder, struct error *e);
/* What is at path as a mount that is attached nowhere; with map root's files are the owner's. The caller
 * closes it. -1 with an error. */
int owner_mount(const struct owner *o, const char *path, bool map, struct error *e);
/* An empty file system in memory to attach such mounts in, the same way; it is not to be written. */
int owner_base(struct error *e);
/* Makes a name in there to attach such a mount at. 0 or -1. */
int owner_place(int base, const char *name, int mount, struct error *e);
/* Lets the owner open our end of a pipe by its path (/dev/stdout); anything else is left alone. */
void owner_pipe(const struct owner *o, int fd);

#endif
