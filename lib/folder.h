/* folder: where this user's state and sockets are (XDG Base Directory Specification 0.8). */
#ifndef MCI_FOLDER_H
#define MCI_FOLDER_H

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

#endif
