/* folder: where this user's state and sockets are (XDG Base Directory Specification 0.8). */
#ifndef MCI_FOLDER_H
#define MCI_FOLDER_H

#include <stdbool.h>

#include "error.h"

/* $XDG_STATE_HOME/mci, else ~/.local/state/mci. Not created. Caller frees. */
char *folder_state(struct error *e);
/* $XDG_RUNTIME_DIR/mci, else a private folder in /tmp (/tmp/mci-UID, 0700, ours); created. Caller
 * frees. */
char *folder_sockets(struct error *e);
/* mkdir -p, for this user alone: what is in there is what jobs print. path is absolute or has a
 * name in front. 0 or -1. */
int folder_make(const char *path, struct error *e);
/* The same, and what was made is on the disk: for what a file is moved to before it goes where it was. Blocks
 * for a sync a folder that is new. */
int folder_make_kept(const char *path, struct error *e);
/* This process goes to a folder below the one it is in, through no symbolic link and no "..", whatever is put
 * there meanwhile. make: what is missing of it is made. 0 or -1. */
int folder_go_below(const char *below, bool make, struct error *e);
/*
 * The lock of whoever changes what is in a folder, against others who would: it lives as long as the
 * descriptor that is returned, and its copies. dir is open, path is for messages. -1 with ERROR_BUSY
 * when another has it. Whoever only reads takes none.
 */
int folder_lock(int dir, const char *path, struct error *e);
bool folder_is_locked(int dir);
/* Blocks until nobody has the folder's lock. 0 or -1; one that is gone has none. */
int folder_await(const char *path, struct error *e);
/* Makes the folder if it is missing (folder_make_kept) and takes its lock. */
int folder_take(const char *path, struct error *e);

#endif
