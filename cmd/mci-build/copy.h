/*
 * copy: a copy of what is built, for jobs with a workspace of their own: what git does not ignore, as it is
 * on the disk, with a .git of its own; of a folder without git all of it. Files share their blocks with the
 * originals where the file system can (cp --reflink), and are never hard links to them.
 */
#ifndef MCI_BUILD_COPY_H
#define MCI_BUILD_COPY_H

#include "error.h"

/*
 * Makes it at path, which must not exist; dir is the folder that is built, *inside (the caller frees) the
 * place in the copy that stands for it, "" or ending in '/'. A clean checkout is copied whole: checkout is
 * its top then, else NULL. Blocks. 0 or -1.
 */
int copy_make(const char *dir, const char *checkout, const char *path, char **inside, struct error *e);

#endif
