/*
 * config: the lines "program.option = value" of /etc/mci/conf, the user's $XDG_CONFIG_HOME/mci/conf
 * and the project's .mci/conf, later ones first. '#' at the beginning of a line or after a blank
 * starts a comment; a key may come again for lists. A project's file may not set addresses, runners
 * or secrets. See mci.conf(5).
 */
#ifndef MCI_CONFIG_H
#define MCI_CONFIG_H

#include <stddef.h>

#include "error.h"

struct config_entry {
	char *key;   /* "build.jobs" */
	char *value;
	char *file;
	unsigned line;
};

struct config {
	struct config_entry *entries; /* highest precedence first */
	size_t n;
};

/* Reads what is there; missing files are none. project may be NULL. 0, or -1 with FILE:LINE. */
int config_load(struct config *c, const char *project, struct error *e);
/* The value of the highest file that sets key, or NULL. Borrowed. */
const struct config_entry *config_find(const struct config *c, const char *key);
void config_free(struct config *c);

#endif
