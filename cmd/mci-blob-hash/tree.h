/* tree: the files and symbolic links below a folder that some patterns name, in the order of their names. */
#ifndef MCI_BLOB_HASH_TREE_H
#define MCI_BLOB_HASH_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "option.h"

/* What is over that is no list of inputs: a bound on memory. */
#define TREE_FILES 1000000

struct tree {
	char **paths; /* relative to the folder, sorted by bytes, each once */
	size_t n, size;
};

/*
 * A pattern is a path, which has to be there and stands for all below it when it is a folder, or a glob
 * (glob.h). What has a part .git in its path is never among them, nor what a pattern of exclude matches, nor
 * sockets, pipes and devices. Symbolic links are taken as such and not followed. 0 or -1.
 */
int tree_read(struct tree *t, const char *dir, char *const *patterns, size_t n,
    const struct option_list *exclude, struct error *e);
void tree_free(struct tree *t);

#endif
