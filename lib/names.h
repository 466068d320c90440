/*
 * names: the names of files in their folders: given, changed and taken, each so that a power cut leaves what
 * the caller can go on from. Nothing else in lib and cmd renames, unlinks, or syncs a folder (make lint).
 *
 * dir is a folder's descriptor, or AT_FDCWD when the name is a path. Messages hold the name as it was given.
 */
#ifndef MCI_NAMES_H
#define MCI_NAMES_H

#include <stddef.h>

#include "error.h"

/*
 * The file fd, written whole under the name fresh, gets its name for good, in place of another file of that
 * name: its bytes are on the disk before the name is, and the name before this returns. 0, or -1 and fresh is
 * gone. Blocks for two syncs.
 */
int names_publish(int fd, int dir, const char *fresh, const char *name, struct error *e);
/* The file name holds these n bytes from now on: names_publish of a new file, NAME.new. 0 or -1. */
int names_write(int dir, const char *name, const void *text, size_t n, struct error *e);
/* Only lets fresh take the place of name in one step: a reader finds the one or the other, a power cut may
 * bring back the old one. 0, or -1 and fresh is gone. */
int names_replace(int dir, const char *fresh, const char *name, struct error *e);
/* Two files or folders of dir change places in one step, which is on the disk before this returns. 0, or
 * -1: not every file system can. */
int names_exchange(int dir, const char *one, const char *other, struct error *e);
/* Brings the names in a folder to the disk: what was made, renamed or removed there. 0 or -1; errno stays. */
int names_sync(int dir, struct error *e);
/* Files whose data goes to the disk, and then folders whose names do, each in their order. */
#define NAMES_BATCH 16
struct names_batch {
	int files[NAMES_BATCH], nfiles;
	int folders[NAMES_BATCH], nfolders;
	int sys; /* what came of it: 0, or the errno of the first that failed */
};
/* What a helper thread does with one (offload.h); the descriptors stay open meanwhile. */
void names_sync_batch(void *batch);
/* Removes a file, a symbolic link or a socket. One that is not there is fine; a power cut may bring it back.
 * 0 or -1. */
int names_remove(int dir, const char *name, struct error *e);
/* The same for many, in their order: each name ends with a NUL. What cannot be removed stays. */
void names_remove_each(int dir, const char *names, size_t n);
/* Removes a folder that is empty. 0, or -1 also when it is not there. */
int names_remove_folder(int dir, const char *name, struct error *e);
/* Removes everything below path and path itself, follows no link, and goes on over what cannot be removed.
 * 0, or -1 with the first reason. */
int names_remove_tree(const char *path, struct error *e);

#endif
